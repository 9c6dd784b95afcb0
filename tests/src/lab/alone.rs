//! A world of its own, for tests that judge all that the tracer sees of a node: in there are only the processes, namespaces
//! and devices that the test makes, however busy the machine is.

use std::process::{Command, Stdio};

use super::place::die_with_parent;

/// Says that this process is in such a world.
const VARIABLE: &str = "MTUTRACE_TEST_ALONE";

/// The named namespaces of others are out of sight, and not held. The shell stays, to reap what processes leave behind; it
/// passes for a runtime, without which mtutrace would say that it sees no containers.
const WORLD: &str = r#"printf dockerd > /proc/$$/comm
umount --lazy --recursive /run/netns 2>/dev/null
mkdir -p /run/netns && mount -t tmpfs mtut-alone /run/netns && ip link set lo up || exit 125
"$@"; exit $?"#;

/// Runs the test `name` of this program again, in new namespaces of processes, mounts and network. True in the test that
/// did: all of it has passed, or this panics with what it said. False in the one that is to go on.
pub fn ran(name: &str) -> bool {
    if std::env::var_os(VARIABLE).is_some() {
        return false;
    }
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount", "--propagation", "slave", "--mount-proc"]);
    command.args(["--net", "--", "sh", "-c", WORLD, "sh"]).arg(std::env::current_exe().unwrap_or_default());
    command.args(["--exact", "--nocapture", name]).env(VARIABLE, "1").stdin(Stdio::null());
    die_with_parent(&mut command);
    let output = command.output().unwrap_or_else(|error| panic!("unshare: {error}"));
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    // A name that no test has would pass as well.
    assert!(output.status.success() && said.contains("1 passed"), "{name}, alone: {}\n{said}", output.status);
    eprintln!("{said}");
    true
}
