use test_case::test_case;

use super::*;
use crate::diagnosis::attribution::tests::flow;

/// From 192.0.2.10:443 to 10.42.0.108:40000, TCP.
fn matches(text: &str) -> bool {
    parse(text).unwrap().matches(&flow("192.0.2.10:443", "10.42.0.108:40000"))
}

#[test_case("host 192.0.2.10 and tcp port 443", true; "as pwru users type it")]
#[test_case("host 192.0.2.11", false; "another host")]
#[test_case("192.0.2.10", true; "an address alone")]
#[test_case("src host 10.42.0.108", false; "the other end")]
#[test_case("dst 10.42.0.108", true; "host is meant")]
#[test_case("src net 192.0.2.0/24", true; "a network")]
#[test_case("net 192.0.2.77/24", true; "a network by one of its hosts")]
#[test_case("dst port 443", false; "a port of the other end")]
#[test_case("port 80 or 443", true; "a value of the kind before")]
#[test_case("portrange 40000-40010", true; "ports")]
#[test_case("udp port 443", false; "another protocol")]
#[test_case("tcp src port 443 && dst net 10.0.0.0/8", true; "signs")]
#[test_case("not (udp or icmp)", true; "not either")]
#[test_case("!tcp||ip", true; "signs without blanks")]
#[test_case("ip6 or icmp6", false; "IPv6")]
#[test_case("tcp or udp and port 1", true; "and binds more than or")]
#[test_case("(tcp or udp) and port 1", false; "parentheses")]
#[test_case("not udp and not port 443", false; "not binds most")]
#[test_case("ip host 192.0.2.10", true; "a family and a host")]
fn flows(text: &str, expected: bool) {
    assert_eq!(matches(text), expected);
}

#[test_case("host web", "\"web\" is not an address", "     ^^^"; "a name")]
#[test_case("tcp[13] = 2", "tcp[13]", "^^^^^^^"; "bytes")]
#[test_case("tcp and vlan 5", "encapsulation", "        ^^^^"; "a VLAN")]
#[test_case("ether host x", "Ethernet", "^^^^^"; "Ethernet")]
#[test_case("port https", "a port, as a number", "     ^^^^^"; "a service")]
#[test_case("port 70000", "a port", "     ^^^^^"; "a port that is none")]
#[test_case("portrange 9-8", "a range", "          ^^^"; "backwards")]
#[test_case("(tcp or udp", "not closed", "^"; "open")]
#[test_case("tcp udp", "\"and\" or \"or\"", "    ^^^"; "nothing between")]
#[test_case("tcp and", "missing at the end", "       ^"; "no end")]
#[test_case("", "missing at the end", "^"; "nothing")]
#[test_case("host é or bytes", "\"é\"", "     ^"; "columns are characters")]
fn errors_point_at_the_word(text: &str, why: &str, marks: &str) {
    let error = parse(text).unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].contains(why), "{error}");
    assert_eq!(lines[2], format!("  {marks}"), "{error}");
    assert!(lines[3].contains("portrange"), "{error}");
}

#[test]
fn depth_is_bounded() {
    assert!(parse(&format!("{}tcp{}", "(".repeat(60), ")".repeat(60))).is_ok());
    assert!(parse(&"(".repeat(100_000)).unwrap_err().contains("too deep"));
    assert!(parse(&"not ".repeat(100_000)).unwrap_err().contains("too deep"));
}
