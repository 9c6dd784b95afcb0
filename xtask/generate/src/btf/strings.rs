//! A section of strings.

use std::collections::HashMap;

/// A string section in the making; each string once, the empty one first.
pub(super) struct Strings {
    pub(super) bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { bytes: vec![0], known: HashMap::from([(Vec::new(), 0)]) }
    }
}

impl Strings {
    pub(super) fn add(&mut self, text: &[u8]) -> u32 {
        if let Some(at) = self.known.get(text) {
            return *at;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend(text);
        self.bytes.push(0);
        self.known.insert(text.to_vec(), at);
        at
    }
}
