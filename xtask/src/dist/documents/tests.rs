use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::*;
use crate::dist::{deb, tarball};

/// What one document links to, and the anchors of its headings.
#[derive(Default)]
struct Document {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

/// GitHub's name of a heading: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

fn read(text: &str) -> Document {
    let mut document = Document::default();
    let mut heading = None::<String>;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                document.anchors.extend(heading.take().map(|text| anchor(&text)));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    document
}

/// The path that a link in the file `from` means, as in a browser.
fn resolve(from: &str, link: &str) -> String {
    let mut parts = from.split('/').collect::<Vec<_>>();
    if !link.is_empty() {
        parts.pop();
    }
    for part in link.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Links from README.md onwards that lead to nothing in `tree`, whose documents lie behind `prefix`.
fn dead(tree: &Tree, prefix: &str) -> Vec<String> {
    let files = tree.files().filter_map(|(path, content)| Some((path.strip_prefix(prefix)?, content)));
    let files = files.collect::<BTreeMap<_, _>>();
    let folder = |path: &str| files.keys().any(|file| file.starts_with(&format!("{path}/")));
    let parse = |path: &str| files.get(path).map(|content| read(&String::from_utf8_lossy(content)));
    let (mut dead, mut seen) = (Vec::new(), BTreeSet::new());
    let mut waiting = vec!["README.md".to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(document) = parse(&path) else {
            dead.push(path);
            continue;
        };
        for link in document.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = resolve(&path, file);
            let is_document = target.ends_with(".md");
            let lacks = |fragment: &str| parse(&target).is_none_or(|there| !there.anchors.contains(fragment));
            if !files.contains_key(target.as_str()) && !folder(&target)
                || is_document && !fragment.is_empty() && lacks(fragment)
            {
                dead.push(format!("{path}: {link}"));
            } else if is_document && seen.insert(target.clone()) {
                waiting.push(target);
            }
        }
    }
    dead
}

/// Stands in for what building makes: the binary, the man pages and the completions.
fn built() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("mtutrace-documents-{}", std::process::id()));
    for file in [
        "mtutrace",
        "man/mtutrace.1",
        "completions/mtutrace.bash",
        "completions/_mtutrace",
        "completions/mtutrace.fish",
    ] {
        let file = dir.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
    }
    dir
}

#[test]
fn every_link_from_the_readme_leads_somewhere_in_the_tarball_and_in_the_package() {
    let built = built();
    let tarball = tarball::files(&built.join("mtutrace"), &built).unwrap();
    let package = deb::data(&crate::dist::Release::here().unwrap(), &built.join("mtutrace"), &built).unwrap();
    std::fs::remove_dir_all(&built).unwrap();
    assert_eq!(dead(&tarball, ""), Vec::<String>::new(), "the tarball");
    assert_eq!(dead(&package, deb::DOCUMENTS), Vec::<String>::new(), "the Debian package");
    // Any of them would be missed.
    for (path, _) in tarball.files().filter(|(path, _)| path.starts_with("docs/") && path.ends_with(".md")) {
        let mut without = Tree::default();
        tarball
            .files()
            .filter(|(other, _)| *other != path)
            .for_each(|(path, text)| without.add(path, 0o644, text));
        assert!(!dead(&without, "").is_empty(), "nothing leads to {path}");
    }
}

#[test]
fn a_missing_file_a_missing_heading_and_what_only_looks_like_a_link() {
    let mut tree = Tree::default();
    let text = "# One, `two`: *three*\n[a](#one-two-three) [b](docs/x.md#there) [c](https://example.com/none) [d](docs)\n\n```\n[e](none)\n```\n";
    tree.add("README.md", 0o644, text);
    tree.add("docs/x.md", 0o644, "## There\n[up](../README.md) ![picture](x.svg) [f](y.md) [g](#here)\n");
    assert_eq!(dead(&tree, ""), ["docs/x.md: x.svg", "docs/x.md: y.md", "docs/x.md: #here"]);
}
