//! An image from scratch: an OCI image layout in one tar archive, with the `manifest.json` by which `docker load` of
//! every age finds its way in as well.
//!
//! Formats: <https://github.com/opencontainers/image-spec> (layout, manifest, config), and of `manifest.json`
//! <https://github.com/moby/docker-image-spec>.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::digest::sha256;
use super::release::{LICENCES, Release};
use super::tree::{Tree, gzip};
use crate::exec;

/// The archive's bytes.
pub(crate) fn image(release: &Release, binary: &Path) -> Result<Vec<u8>> {
    let layer = layer(binary)?.tar("", release.seconds)?;
    let packed = gzip(&layer)?;
    let config = config(release, &layer).to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &packed)],
    });
    let manifest = manifest.to_string().into_bytes();
    let mut tree = Tree::default();
    tree.add("oci-layout", 0o644, json!({ "imageLayoutVersion": "1.0.0" }).to_string());
    tree.add("index.json", 0o644, index(release, &manifest).to_string());
    let old = json!([{
        "Config": blob(&config),
        "RepoTags": [release.image()],
        "Layers": [blob(&packed)],
    }]);
    tree.add("manifest.json", 0o644, old.to_string());
    for content in [config, manifest, packed] {
        tree.add(&blob(&content), 0o644, content);
    }
    tree.tar("", release.seconds)
}

/// The binary, and the licences that it is given away under.
fn layer(binary: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.copy("usr/bin/mtutrace", 0o755, binary)?;
    for name in LICENCES {
        tree.copy(&format!("usr/share/doc/mtutrace/{name}"), 0o644, &exec::root().join(name))?;
    }
    Ok(tree)
}

fn config(release: &Release, layer: &[u8]) -> Value {
    json!({
        "created": release.rfc3339(),
        "architecture": release.debian_architecture(),
        "os": "linux",
        "config": {
            "Entrypoint": ["/usr/bin/mtutrace"],
            "Cmd": ["run"],
            "Labels": {
                "org.opencontainers.image.title": "mtutrace",
                "org.opencontainers.image.version": release.version,
                "org.opencontainers.image.revision": release.commit,
                "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256(layer))] },
        "history": [{ "created": release.rfc3339(), "created_by": "cargo xtask dist" }],
    })
}

/// What the layout holds. containerd takes the whole name, the specification's own annotation is the tag alone.
fn index(release: &Release, manifest: &[u8]) -> Value {
    let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
    entry["platform"] = json!({ "architecture": release.debian_architecture(), "os": "linux" });
    entry["annotations"] = json!({
        "io.containerd.image.name": format!("docker.io/library/{}", release.image()),
        "org.opencontainers.image.ref.name": release.version,
    });
    json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry] })
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": format!("sha256:{}", sha256(content)), "size": content.len() })
}

/// Where the layout keeps this content.
fn blob(content: &[u8]) -> String {
    format!("blobs/sha256/{}", sha256(content))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    /// Follows every descriptor from the index to the layer, as a runtime does.
    #[test]
    fn every_descriptor_leads_to_what_it_describes() {
        let release = Release::example();
        let licence = exec::root().join("LICENSE-MIT");
        let bytes = image(&release, &licence).unwrap();
        assert_eq!(bytes, image(&release, &licence).unwrap(), "the same input, the same bytes");
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(entry.path().unwrap().display().to_string(), content);
        }
        let parse = |content: &[u8]| serde_json::from_slice::<Value>(content).unwrap();
        let follow = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
            let content = &files[&format!("blobs/sha256/{digest}")];
            assert_eq!(descriptor["size"], content.len());
            assert_eq!(digest, sha256(content));
            content
        };
        let manifest = parse(follow(&parse(&files["index.json"])["manifests"][0]));
        let config = parse(follow(&manifest["config"]));
        let mut layer = Vec::new();
        let packed = follow(&manifest["layers"][0]).as_slice();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut layer).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", sha256(&layer)));
        let old = &parse(&files["manifest.json"])[0];
        assert_eq!(files[old["Layers"][0].as_str().unwrap()], packed);
        assert_eq!(parse(&files[old["Config"].as_str().unwrap()]), config);
        assert_eq!(config["created"], "2001-09-09T01:46:40Z");
    }
}
