//! The other ends of a tunnel that has several.
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Addresses that a tunnel sends to, as its forwarding database says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remotes {
    /// In ascending order, the first that were found.
    pub(crate) known: Vec<IpAddr>,
    /// How many more entries there are.
    pub(crate) more: usize,
}

impl Remotes {
    /// Adds one, up to `most` of them.
    pub(crate) fn add(&mut self, remote: IpAddr, most: usize) {
        match self.known.binary_search(&remote) {
            Ok(_) => {}
            Err(at) if self.known.len() < most => self.known.insert(at, remote),
            Err(_) => self.more += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_kept() {
        let mut remotes = Remotes::default();
        for n in [3, 1, 2, 1, 4] {
            remotes.add([10, 0, 0, n].into(), 3);
        }
        assert_eq!((remotes.known, remotes.more), ([1, 2, 3].map(|n| [10, 0, 0, n].into()).to_vec(), 1));
    }
}
