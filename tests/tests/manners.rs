//! A guest on the node: it changes nothing, holds on to nothing, and writes nothing that acts on a terminal.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mtutrace_tests::check::{has_tcx, is_verdict, skip};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;
use serde_json::Value;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(40);
const SOON: Duration = Duration::from_secs(30);

/// A namespace's end takes its devices with it, and so their peers in others: these are what can be seen of it.
#[test]
fn a_deleted_namespace_is_gone_soon() {
    // The status counts the namespaces of the whole node.
    if skip() || alone::ran("a_deleted_namespace_is_gone_soon") {
        return;
    }
    let name = |role: &str| format!("{}-gone-{role}", name::own());
    let kept = NetNs::create(&name("kept")).unwrap();
    let make = |number: usize| {
        let guest = NetNs::create(&name(&number.to_string())).unwrap();
        let link = format!("link add eth0 type veth peer name peer{number} netns {}", kept.name());
        guest.ip(&format!("{link}\nlink set eth0 up")).unwrap();
        kept.ip(&format!("link set peer{number} up")).unwrap();
        guest
    };
    let before = make(1);
    let kept_inode = kept.inode().unwrap().to_string();
    let mut tracer = Tracer::start(&["--duration", "60s", "--netns", &kept_inode]).unwrap();
    // This one comes later: a change of the status says that it was noticed.
    let namespaces = |line: &Value| line["namespaces"].as_u64();
    let first = tracer.wait_for("the first status", SOON, |line| line["kind"] == "status").unwrap();
    let after = make(2);
    let more = |line: &Value| line["kind"] == "status" && namespaces(line) > namespaces(&first);
    tracer.wait_for("a status with more namespaces", SOON, more).unwrap();

    for (number, guest) in [(1, before), (2, after)] {
        drop(guest);
        let peer = format!("peer{number}");
        // The kernel itself takes namespaces down one after the other, those of other tests too.
        wait::until(&format!("{peer} to be gone"), SOON, || {
            Ok((!kept.ip("link show")?.contains(&peer)).then_some(()))
        })
        .unwrap();
    }
    tracer.interrupt().unwrap();
}

/// All that a tracer could change in a namespace, by what shows it.
fn settings(netns: &NetNs) -> BTreeMap<String, String> {
    netns
        .enter(|| {
            let show = |line: &str| {
                let mut words = line.split(' ');
                let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
                assert!(output.status.success(), "{line}: {output:?}");
                String::from_utf8(output.stdout).unwrap()
            };
            let mut all = BTreeMap::new();
            let mut links: Value = serde_json::from_str(&show("ip -d -j link")).unwrap();
            drop_timers(&mut links);
            all.insert("links".to_owned(), format!("{links:#}"));
            for line in ["nft list ruleset", "tc qdisc", "ip rule", "ip route", "ip address"] {
                all.insert(line.to_owned(), show(line));
            }
            if !has_tcx() {
                // Filters need this qdisc, and an empty one stays: somebody else may have hung something on it since.
                let text = all.entry("tc qdisc".to_owned()).or_default();
                *text = text.lines().filter(|line| !line.starts_with("qdisc clsact")).collect();
            }
            sysctls(Path::new("/proc/sys/net"), &mut all);
            all
        })
        .unwrap()
}

/// A bridge's timers run, whoever looks.
fn drop_timers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_timers),
        Value::Object(fields) => {
            fields.retain(|name, _| !name.ends_with("_timer"));
            fields.values_mut().for_each(drop_timers);
        }
        _ => {}
    }
}

fn sysctls(dir: &Path, all: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sysctls(&path, all);
        } else if path.file_name().is_none_or(|name| name != "nf_conntrack_count") {
            // Some can only be written; they are the same to everybody.
            all.insert(path.display().to_string(), std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

#[test]
fn nothing_of_the_node_is_changed() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let namespaces = [&lab.server, &lab.node, &lab.pod.netns, &lab.inner.netns];
    let look = || namespaces.map(settings);
    // The kernel takes up to a second to tell of a carrier.
    wait::until("every link to be up", SOON, || {
        let all = look();
        Ok((!all.iter().any(|one| one["links"].contains("NO-CARRIER") || one["links"].contains("DOWN")))
            .then_some(()))
    })
    .unwrap();
    let before = look();
    let assert_same = |when: &str| {
        for (before, now) in before.iter().zip(look()) {
            for (what, value) in before {
                assert_eq!(Some(value), now.get(what), "{what}, {when} the run");
            }
            assert_eq!(before.len(), now.len(), "{when} the run");
        }
    };
    assert_same("without");

    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON, wanted).unwrap();
    assert_same("during");
    drop(download);
    tracer.interrupt().unwrap();
    assert_same("after");
}

/// Before 6.6 a killed run leaves filters behind, which carry the names that those of a living one have.
#[test]
fn another_run_is_left_alone() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    let start = || Tracer::start(&["--duration", "120s", "--container", &lab.inner.id]).unwrap();
    let mut first = start();
    let mut second = start();
    // Returns the connection's port; `before`: that of an earlier one, whose events may still come.
    let seen = |tracer: &mut Tracer, before: &Value, who: &str| {
        let wanted = |line: &Value| {
            line["kind"] == "event" && line["signal"] == "icmp_seen" && line["sport"] != *before
        };
        tracer.wait_for(&format!("ICMP at a classifier of {who}"), SOON, wanted).unwrap()["sport"].clone()
    };
    let upload = || {
        // Otherwise the sender knows by now.
        lab.inner.netns.ip("route flush cache").unwrap();
        assert!(lab.upload(BIG, STALLED).unwrap().finish().unwrap().complete);
    };
    upload();
    let port = seen(&mut first, &Value::Null, "the first run, beside a second");
    assert_eq!(seen(&mut second, &Value::Null, "the second run"), port);
    second.kill().unwrap();
    upload();
    seen(&mut first, &port, "the first run, after the second was killed");
}

/// A name that would colour, clear and rename a terminal, as far as 15 bytes go.
const ODD: &str = "\x1b[31m\x1b[2J\x07<&>";

#[test]
fn text_in_a_pipe_has_no_escape_codes_whatever_names_say() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let rename = |netns: &NetNs, device: &str, name: &str| {
        netns
            .ip(&format!("link set {device} down\nlink set {device} name {name}\nlink set {name} up"))
            .unwrap();
    };
    // The kernel forbids '/', ':' and white space alone.
    rename(&lab.pod.netns, "docker0", ODD);
    let mut tracer = Tracer::start_text(&["--duration", "60s", "-v", "--container", &lab.inner.id]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let verdict = |line: &str| line.contains("PMTU black hole").then_some(());
    tracer.wait_for_line("the verdict", Duration::from_secs(20), verdict).unwrap();
    let end = tracer.interrupt().unwrap();
    let text = end.lines.join("\n");
    assert!(text.contains("\\u{1b}[31m"), "the odd name is not shown: {text}");
    let acts = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!acts(&text), "{text:?}");
    assert!(!acts(&end.stderr), "{:?}", end.stderr);
}
