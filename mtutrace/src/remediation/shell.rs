//! Words for a POSIX shell.
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
            None => String::new(),
        },
    }
}

/// Quotes a word for a POSIX shell where it needs it.
pub(super) fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@:/".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
