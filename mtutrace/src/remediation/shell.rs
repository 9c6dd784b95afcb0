//! Words for a POSIX shell, and for what else a fix is pasted into. Names are whatever a container chose.
use crate::model::harmless::is_dangerous;
use crate::model::{NetnsId, Node};

/// The words that run a command in a namespace.
pub(super) fn enter(netns: NetnsId, node: &Node) -> String {
    let ns = node.netns.get(&netns);
    if netns == node.host {
        return String::new();
    }
    match (ns.and_then(|n| n.pid), ns.and_then(|n| n.name.as_ref())) {
        (_, Some(name)) => format!("ip netns exec {} ", quote(name)),
        (Some(pid), None) => format!("nsenter --target {pid} --net "),
        (None, None) => match ns.and_then(|n| n.mount.as_ref()) {
            Some(path) => format!("nsenter --net={} ", quote(path)),
            // Never on the host instead: this one fails, and says why.
            None => format!("nsenter --net=/proc/no-process-in-{netns}/ns/net "),
        },
    }
}

/// Quotes a word for a POSIX shell where it needs it. It never has a character that acts on a terminal, so that what is
/// shown, copied and pasted is one and the same.
pub(super) fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@:/".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else if word.contains(is_dangerous) {
        dollar(word)
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The quotes of POSIX.1-2024 (bash, zsh, ksh, busybox) that know escapes. Nothing in them ends plain quotes either, so
/// that an older shell takes it for a word that names nothing.
fn dollar(word: &str) -> String {
    let mut quoted = "$'".to_owned();
    for c in word.chars() {
        if is_dangerous(c) || matches!(c, '\'' | '\\') {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| quoted += &format!("\\{byte:03o}"));
        } else {
            quoted.push(c);
        }
    }
    quoted + "'"
}

/// Whether a command would take the word for an option, quoted or not.
pub(super) fn is_option(word: &str) -> bool {
    word.starts_with('-')
}

/// A regular expression (POSIX, basic, between slashes) that matches just this, for sed.
pub(super) fn literal(word: &str) -> String {
    word.chars().flat_map(|c| ("/.[]*^$\\".contains(c)).then_some('\\').into_iter().chain([c])).collect()
}

/// A string for YAML, in double quotes: as JSON writes it, and nothing in it acts on a terminal.
pub(super) fn yaml(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        match u32::from(c) {
            _ if !is_dangerous(c) => quoted.push(c),
            code @ ..=0xffff => quoted += &format!("\\u{code:04x}"),
            code => quoted += &format!("\\U{code:08x}"),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const HOSTILE: [&str; 16] = [
        "'",
        "a'b''c",
        "\"$(id)\"",
        "`id`",
        "a;id|id&id",
        "$HOME",
        "a\nid",
        "\x1b[31m",
        "\u{9b}31m",
        "\u{202e}x\u{2028}'$(id)\\",
        "-rf",
        "~root",
        "*?[a]{b,c}",
        "#x !y",
        "\\",
        "",
    ];

    #[test]
    fn a_shell_gives_back_the_very_name() {
        for name in HOSTILE {
            let quoted = quote(name);
            assert!(!quoted.contains(is_dangerous), "{quoted:?}");
            let output = Command::new("bash")
                .arg("-c")
                .arg(format!("printf %s {quoted}"))
                .env_clear()
                .output()
                .unwrap();
            // printf takes what begins with a dash for an option, bash does not care for it.
            if !is_option(name) {
                assert_eq!(String::from_utf8_lossy(&output.stdout), name, "{quoted}");
            }
        }
    }

    /// A shell without `$'…'` must not run any of it.
    #[test]
    fn an_older_shell_takes_it_for_one_word() {
        for name in HOSTILE {
            let output = Command::new("sh")
                .arg("-c")
                .arg(format!("set -- {}; echo $#", quote(name)))
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{name:?}");
        }
    }

    #[test]
    fn sed_finds_that_name_alone() {
        for name in HOSTILE.into_iter().filter(|name| !name.is_empty() && !name.contains('\n')) {
            let find = format!("sed -n {}", quote(&format!("s/^{} //p", literal(name))));
            let line = format!("printf '%s found\\n%s\\n' {} 'podmanx other' | {find}", quote(name));
            let output = Command::new("bash").arg("-c").arg(line).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "found\n", "{find}");
        }
    }

    #[test]
    fn yaml_gives_back_the_very_name() {
        for name in HOSTILE.into_iter().chain(["\u{e0041}"]) {
            let text = yaml(name);
            assert!(!text.contains(is_dangerous), "{text:?}");
            let read = yaml_rust2::YamlLoader::load_from_str(&text).unwrap();
            assert_eq!(read.first().and_then(|yaml| yaml.as_str()), Some(name));
        }
    }
}
