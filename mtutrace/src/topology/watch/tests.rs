//! Notifications of a real namespace.
use super::*;
use crate::testing::node::{Sandbox, may_make_namespaces};
use crate::topology::netns_exec::NetnsExecutor;

#[test]
fn hears_of_devices_addresses_and_routes() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let fd = entrant.run(&sandbox.path(), sandbox.id(), subscribe).unwrap().unwrap();
    let heard = || drain(fd.as_fd()).unwrap();
    assert!(!heard());
    for change in [
        "link add v0 type veth peer name v1",
        "link set v0 up",
        "link set v1 up",
        "address add 10.0.0.1/24 dev v0",
        "address add fd00::1/64 dev v0 nodad",
        "route add default via 10.0.0.2",
        "route add default via fd00::2",
        "route del default",
        "link del v0",
    ] {
        sandbox.ip(change);
        // rtnetlink notifies before it answers, so there is nothing to wait for.
        assert!(heard(), "{change}");
    }
}

#[test]
fn what_was_lost_counts_as_a_change() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let fd = entrant.run(&sandbox.path(), sandbox.id(), subscribe).unwrap().unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&fd, 0).unwrap();
    sandbox.batch(&"link set lo up\nlink set lo down\n".repeat(50));
    assert!(drain(fd.as_fd()).unwrap());
    assert!(!drain(fd.as_fd()).unwrap());
}
