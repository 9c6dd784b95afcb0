//! Checksums.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// In hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// In hexadecimal, for what still wants it.
pub(super) fn md5(content: &[u8]) -> String {
    hex(&md5::Md5::digest(content))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
