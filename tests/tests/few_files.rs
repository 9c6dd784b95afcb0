//! Fewer file descriptors than devices: as many as can be are traced, the rest is told, and everybody is still known.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::Command;
use std::time::Duration;

use mtutrace_tests::check::{has_tcx, kernel_lacks, skip};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use serde_json::Value;

const FILES: u64 = 256;
/// Each has two ends, and each end one classifier: what leaves by it is looked at where it comes in.
const PAIRS: u64 = 160;
const SOON: Duration = Duration::from_secs(30);

/// mtutrace under that limit; with or without the right to raise it.
fn under_limit(may_raise: bool) -> Command {
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={FILES}:{FILES}"));
    if !may_raise {
        command.args(["setpriv", "--bounding-set=-sys_resource"]);
    }
    command.arg(binary().unwrap());
    command
}

#[test]
fn who_is_not_traced_is_told() {
    // The status counts the interfaces of the whole node; filters (before 6.6) take no descriptor.
    if skip() {
        return;
    }
    if !has_tcx() {
        return kernel_lacks("few_files::who_is_not_traced_is_told", "TCX");
    }
    if alone::ran("who_is_not_traced_is_told") {
        return;
    }
    let [near, far] = ["near", "far"].map(|side| NetNs::create(&format!("{}-{side}", name::own())).unwrap());
    let pair = |n| format!("link add n{n} type veth peer name f{n} netns {}\nlink set n{n} up\n", far.name());
    near.ip(&(0..PAIRS).map(pair).collect::<String>()).unwrap();
    far.ip(&(0..PAIRS).map(|n| format!("link set f{n} up\n")).collect::<String>()).unwrap();

    // Root has no such right everywhere.
    let raise = ["--nofile=256:256", "prlimit", "--nofile=512:512", "true"];
    let can_raise = Command::new("prlimit").args(raise).output().unwrap().status.success();
    for may_raise in [false, true].into_iter().filter(|may| can_raise || !may) {
        let mut tracer = Tracer::start_by(under_limit(may_raise), &["--duration", "60s"]).unwrap();
        let sum = |line: &Value| {
            ["interfaces", "refused_interfaces"].iter().filter_map(|name| line[*name].as_u64()).sum::<u64>()
        };
        // Of a namespace that has very many the rest follows what a run waits for.
        let all = |line: &Value| line["kind"] == "status" && sum(line) >= 2 * PAIRS;
        let status = tracer.wait_for("a status of all interfaces", SOON, all).unwrap();
        let count = |name: &str| status[name].as_u64().unwrap_or(0);
        let (traced, refused) = (count("interfaces"), count("refused_interfaces"));
        let end = tracer.interrupt().unwrap();
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        assert_eq!(count("unreadable_namespaces"), 0, "there were descriptors to look everywhere");
        if may_raise {
            assert_eq!(refused, 0, "{}", end.stderr);
        } else {
            assert!(traced < FILES && refused > 2 * PAIRS - FILES, "{traced}, {refused}");
            assert!(end.stderr.contains(&format!("{refused} interfaces are not traced")), "{}", end.stderr);
            let last = end.last_of_kind("status").pop().unwrap();
            assert_eq!(last["refused_interfaces"], refused, "the last line says so too");
        }
    }
}
