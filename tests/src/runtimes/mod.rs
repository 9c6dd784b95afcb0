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
mod trees;

pub use dind::{Dind, Inner};

use crate::check;

/// The network of the outer container.
pub const POD_MTU: u32 = 1450;

/// Where programs are looked for: Debian's packages before what somebody put beside them.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";

/// True (after saying why) when one of these programs is missing; under `CI=true` that is a failure.
pub fn skip(programs: &[&str]) -> bool {
    if check::skip() {
        return true;
    }
    let found = |program: &&str| {
        let mut folders = PATH.split(':').map(std::path::Path::new);
        folders.any(|folder| folder.join(program).is_file())
    };
    let missing = programs.iter().copied().filter(|program| !found(program)).collect::<Vec<_>>().join(" ");
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
