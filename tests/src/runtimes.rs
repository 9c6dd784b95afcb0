//! Real container runtimes, each on a machine of its own: namespaces for network, mounts and processes, data in memory.
//!
//! ```text
//! server eth0 ── eth0 node bridge 1450 ── eth0 outer docker0 1500 ── eth0 inner
//!                     └ dockerd or containerd     └ dockerd inside
//! ```
//! Nothing of the machine's own Docker is touched, and all of it goes with the guards.

pub mod containerd;
mod cri;
mod dind;
pub mod docker;
mod image;
pub mod incident;
pub mod machine;
pub mod programs;
mod trees;

pub use dind::{Dind, Inner};
pub use machine::POD_MTU;

use crate::check;

/// True (after saying why) when one of these programs is missing; under `CI=true` that is a failure.
pub fn skip(wanted: &[&str]) -> bool {
    if check::skip() {
        return true;
    }
    let tree = programs::tree();
    let missing = wanted.iter().copied().filter(|one| programs::find(one, tree.as_deref()).is_none());
    let missing = missing.collect::<Vec<_>>().join(" ");
    if missing.is_empty() {
        return false;
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "no {missing} here (cargo xtask setup installs them), and CI must run this"
    );
    eprintln!("skipped: no {missing} here; `cargo xtask test` installs what is missing");
    true
}
