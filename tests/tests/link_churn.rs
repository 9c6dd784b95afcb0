//! Links, bridges and namespaces come and go as fast as the kernel makes them: afterwards the tracer holds what it did before.
//! What is counted is all that the tracer sees, so it sees a world of its own. `MTUTRACE_CHURN=SECONDS` goes on for longer.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::{Duration, Instant};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;
use mtutrace_tests::lab::watched::Watched;

const TEST: &str = "links_that_come_and_go";
/// Each half.
const LASTS: Duration = Duration::from_secs(3);
const SOON: Duration = Duration::from_secs(15);
/// Bytes that memory may grow by in the second half, when all has been seen once.
const GROWTH: u64 = 4 << 20;

/// One round: a container-like namespace on a bridge that is made for it; links change in every way that links can.
fn round(kept: &NetNs, number: u32) {
    let guest = NetNs::create(&format!("{}-guest{number}", name::own())).unwrap();
    kept.ip(&format!(
        "link add br1 type bridge\nlink set br1 up\n\
         link add port mtu 1450 type veth peer name eth0 netns {guest}\n\
         link set port master br1\nlink set port up\nlink set br1 down\nlink set port mtu 1400\nlink set br1 up\n\
         link set port nomaster\nlink set port down\nlink set port name other\nlink set other up",
        guest = guest.name()
    ))
    .unwrap();
    guest.ip("address add 10.8.0.2/24 dev eth0\nlink set eth0 up\nroute add default via 10.8.0.1").unwrap();
    if number.is_multiple_of(2) {
        // Otherwise they go with the namespace at the other end.
        kept.ip("link del other").unwrap();
    }
    drop(guest);
    wait::until("the peer to be gone", SOON, || Ok((!kept.ip("link show")?.contains("other")).then_some(())))
        .unwrap();
    kept.ip("link del br1").unwrap();
}

/// Rounds for so long; how many.
fn rounds(kept: &NetNs, lasts: Duration, first: u32) -> u32 {
    let begun = Instant::now();
    let numbers = first..;
    numbers.take_while(|_| begun.elapsed() < lasts).map(|number| round(kept, number)).count() as u32
}

#[test]
fn links_that_come_and_go() {
    if skip() || alone::ran(TEST) {
        return;
    }
    let lasts =
        std::env::var("MTUTRACE_CHURN").map_or(LASTS, |text| Duration::from_secs(text.parse().unwrap()));
    let kept = NetNs::create(&format!("{}-kept", name::own())).unwrap();
    kept.ip("link add stays type veth peer name end\nlink set stays up\nlink set end up").unwrap();
    let mut tracer = Tracer::start(&["--interval", "1s"]).unwrap();
    let start = Watched::first(&mut tracer).unwrap();
    let one = rounds(&kept, lasts, 0);
    let half = start.settle(&mut tracer).unwrap();
    let two = rounds(&kept, lasts, one);
    let whole = start.settle(&mut tracer).unwrap();
    let held = Held::by(tracer.pid()).unwrap();
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    held.await_gone(SOON).unwrap();
    assert!(one > 2 && two > 2, "{one} and {two} rounds");
    assert!(whole.saturating_sub(half) < GROWTH, "memory grew from {half} to {whole} bytes");
    eprintln!("{one} and {two} rounds; resident bytes after them {half} and {whole}");
}
