//! One image for all containers of the lab. No registry is needed: programs come from the machine's own /usr, mounted.

/// Its name.
pub(super) const NAME: &str = "docker.io/lab/tree:latest";

/// A tree for `docker import` and, as an archive, for `ctr images import`. The sandbox of a pod gets no mounts: what it
/// runs is in the tree, with its libraries, by the name that tells tracers what it is.
const SCRIPT: &str = r#"set -e
cd "$1"
mkdir -p tree/etc tree/proc tree/sys tree/dev tree/run tree/tmp tree/root tree/usr/lib tree/usr/lib64 tree/lab tree/var/lib/docker
for dir in bin sbin lib lib64; do ln -s usr/$dir tree/$dir; done
ln -s /run tree/var/run
echo root:x:0:0:root:/root:/bin/sh > tree/etc/passwd
printf 'root:x:0:\ndocker:x:999:\n' > tree/etc/group
cp -a /etc/alternatives tree/etc/
cp lab-traffic tree/pause
for library in $(ldd lab-traffic | grep -o '/[^ ]*'); do cp -L --parents $library tree/; done
tar -C tree -cf image.tar .
sum=$(sha256sum image.tar | cut -d ' ' -f 1)
mkdir archive
ln image.tar archive/layer.tar
printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/pause","hold"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$3" "$sum" > archive/config.json
printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$2" > archive/manifest.json
tar -C archive -cf archive.tar .
"#;

/// What `sh` is told to make `image.tar` and `archive.tar` in a folder where `lab-traffic` is.
pub(super) fn recipe(folder: &str) -> [&str; 6] {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    ["-c", SCRIPT, "sh", folder, NAME, architecture]
}
