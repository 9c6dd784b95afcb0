use test_case::test_case;

use super::parse::NatEntry;
use super::parse::{TCP, UDP};
use super::*;

fn flow(protocol: u8, src: &str, dst: &str) -> Flow {
    Flow { protocol, src: src.parse().unwrap(), dst: dst.parse().unwrap() }
}

fn tcp(src: &str, dst: &str) -> Flow {
    flow(TCP, src, dst)
}

/// A pod that masquerades its docker0 and publishes a port of a container.
const TABLE: &str = "\
ipv4     2 tcp      6 431999 ESTABLISHED src=172.17.0.2 dst=198.51.100.7 sport=40000 dport=443 src=198.51.100.7 dst=10.42.0.108 sport=443 dport=40000 [ASSURED] mark=0 zone=0 use=2
ipv4     2 udp      17 29 src=172.17.0.2 dst=10.43.0.10 sport=5353 dport=53 [UNREPLIED] src=10.43.0.10 dst=10.42.0.108 sport=53 dport=5353 mark=0 zone=0 use=2
ipv4     2 tcp      6 ESTABLISHED src=172.17.0.2 dst=198.51.100.8 sport=40001 dport=443 packets=4 bytes=220 src=198.51.100.8 dst=10.42.0.108 sport=443 dport=1024 packets=3 bytes=180 [OFFLOAD] mark=0 secctx=x zone=0 use=3
ipv4     2 tcp      6 300 ESTABLISHED src=10.42.0.9 dst=10.42.0.108 sport=50000 dport=8080 src=172.17.0.3 dst=10.42.0.9 sport=80 dport=50000 [ASSURED] mark=0 zone=0 use=2
ipv6     10 tcp      6 120 SYN_SENT src=fd00:0000:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0000:0000:0000:0000:0000:0007 sport=40002 dport=443 [UNREPLIED] src=2001:0db8:0000:0000:0000:0000:0000:0007 dst=fd01:0000:0000:0000:0000:0000:0000:0001 sport=443 dport=40002 mark=0 zone=0 use=3
ipv4     2 icmp     1 29 src=172.17.0.2 dst=198.51.100.7 type=8 code=0 id=7 src=198.51.100.7 dst=10.42.0.108 type=0 code=0 id=7 mark=0 zone=0 use=2
";

#[test]
fn conntrack_lines() {
    let entries: Vec<NatEntry> = parse_conntrack(TABLE).collect();
    assert_eq!(entries.len(), 5, "ICMP is skipped");
    let first = tcp("172.17.0.2:40000", "198.51.100.7:443");
    assert_eq!(
        entries[0],
        NatEntry { protocol: TCP, original: first, reply: tcp("198.51.100.7:443", "10.42.0.108:40000") }
    );
    assert_eq!(entries[1].original, flow(UDP, "172.17.0.2:5353", "10.43.0.10:53"));
    assert_eq!(entries[2].reply, tcp("198.51.100.8:443", "10.42.0.108:1024"));
    assert_eq!(entries[4].original, tcp("[fd00::2]:40002", "[2001:db8::7]:443"));
}

#[test_case(""; "empty")]
#[test_case("ipv4"; "one word")]
#[test_case("ipv4 2 tcp 6 1 X src=1.2.3.4 dst=1.2.3.5 sport=1 dport=2"; "no reply")]
#[test_case("ipv4 2 tcp 6 1 X src=1.2.3 dst=1.2.3.5 sport=1 dport=2 src=1.2.3.5 dst=1.2.3.4 sport=2 dport=1"; "address")]
#[test_case("ipv4 2 tcp 6 1 X src=1.2.3.4 dst=1.2.3.5 sport=65536 dport=2 src=1.2.3.5 dst=1.2.3.4 sport=2 dport=1"; "port")]
#[test_case("ipv4 2 tcp 999 1 X src=1.2.3.4 dst=1.2.3.5 sport=1 dport=2 src=1.2.3.5 dst=1.2.3.4 sport=2 dport=1"; "protocol")]
#[test_case("\u{1b}[2J=\0 = == src= é=é 6 src=é"; "noise")]
fn malformed_conntrack(line: &str) {
    assert_eq!(parse_conntrack(line).count(), 0);
    assert_eq!(parse_conntrack(&format!("{line}\n{TABLE}")).count(), 5, "the others stand");
}

#[test]
fn every_prefix_of_the_table() {
    for end in (0..TABLE.len()).filter(|&end| TABLE.is_char_boundary(end)) {
        parse_conntrack(&TABLE[..end]).count();
    }
}

#[test_case(tcp("10.42.0.108:40000", "198.51.100.7:443") => Some(tcp("172.17.0.2:40000", "198.51.100.7:443")); "out")]
#[test_case(tcp("198.51.100.7:443", "10.42.0.108:40000") => Some(tcp("198.51.100.7:443", "172.17.0.2:40000")); "back")]
#[test_case(tcp("198.51.100.8:443", "10.42.0.108:1024") => Some(tcp("198.51.100.8:443", "172.17.0.2:40001")); "another port")]
#[test_case(flow(UDP, "10.42.0.108:5353", "10.43.0.10:53") => Some(flow(UDP, "172.17.0.2:5353", "10.43.0.10:53")); "udp")]
#[test_case(tcp("10.42.0.108:5353", "10.43.0.10:53") => None; "the protocol counts")]
#[test_case(tcp("[fd01::1]:40002", "[2001:db8::7]:443") => Some(tcp("[fd00::2]:40002", "[2001:db8::7]:443")); "v6")]
#[test_case(tcp("[::ffff:10.42.0.108]:40000", "[::ffff:198.51.100.7]:443")
    => Some(tcp("172.17.0.2:40000", "198.51.100.7:443")); "mapped")]
#[test_case(tcp("10.42.0.9:50000", "10.42.0.108:8080") => Some(tcp("10.42.0.9:50000", "172.17.0.3:80")); "published, in")]
#[test_case(tcp("10.42.0.108:8080", "10.42.0.9:50000") => Some(tcp("172.17.0.3:80", "10.42.0.9:50000")); "published, back")]
#[test_case(tcp("172.17.0.2:40000", "198.51.100.7:443") => None; "already inside")]
#[test_case(tcp("10.42.0.108:40000", "198.51.100.7:80") => None; "unknown")]
fn inner_flow(outer: Flow) -> Option<Flow> {
    inner_flows_of(&[outer], TABLE.as_bytes()).pop().unwrap()
}

#[test]
fn many_flows_at_once() {
    let out = tcp("10.42.0.108:40000", "198.51.100.7:443");
    let flows = [tcp("10.42.0.108:1", "198.51.100.7:443"), out, out.reversed()];
    let inner = tcp("172.17.0.2:40000", "198.51.100.7:443");
    assert_eq!(inner_flows_of(&flows, TABLE.as_bytes()), [None, Some(inner), Some(inner.reversed())]);
    assert_eq!(inner_flows_of(&flows, "".as_bytes()), [None; 3]);
}
