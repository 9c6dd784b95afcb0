//! A device without Ethernet headers: its classifiers are others, and are loaded with the first such device.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::leaks::{Held, programs};
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::Tracer;

#[test]
fn it_gets_its_own_classifiers() {
    if skip() {
        return;
    }
    let netns = NetNs::create(&format!("{}-bare", name::own())).unwrap();
    netns.ip("tuntap add dev tun0 mode tun\nlink set tun0 up").unwrap();
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let held = Held::by(tracer.pid()).unwrap().programs;
    let names: Vec<_> =
        programs().unwrap().into_iter().filter(|(id, _)| held.contains(id)).map(|(_, name)| name).collect();
    for wanted in ["mtut_in_l3", "mtut_out_l3"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:?}");
    }
    assert_eq!(tracer.interrupt().unwrap().code, Some(0));
}
