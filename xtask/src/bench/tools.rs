//! The tools that mtutrace is compared with. What cannot be installed is a row that says so.

use crate::packages::apt;

/// Each one's program, and its package.
const TOOLS: [(&str, &str); 4] = [
    ("tcpdump", "tcpdump"),
    ("bpftrace", "bpftrace"),
    ("tcpdrop-bpfcc", "bpfcc-tools"),
    ("dropwatch", "dropwatch"),
];

/// Installs those that are missing, one by one.
pub(super) fn install() {
    for tool in TOOLS {
        if let Err(error) = apt::need(&[tool]) {
            println!("bench: without {}: {error:#}", tool.0);
        }
    }
}
