//! Texts as kernels write them, and texts that none should.
use super::*;
use test_case::test_case;

/// Linux 6.18: with `OutTransmits` at the end, which older kernels lack.
const SNMP: &str = "\
Ip: Forwarding DefaultTTL InReceives ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits
Ip: 1 64 10435 3 9 4 5 6 12 7 6123
Icmp: InMsgs InErrors
Icmp: 1 2
Tcp: MaxConn ActiveOpens
Tcp: -1 3
";

const SNMP6: &str = "\
Ip6InReceives                   \t1
Ip6InTooBigErrors               \t2
Ip6ReasmTimeout                 \t3
Ip6ReasmFails                   \t4
Ip6FragOKs                      \t5
Ip6FragFails                    \t6
Ip6FragCreates                  \t7
Icmp6InPktTooBigs               \t8
Icmp6OutPktTooBigs              \t18446744073709551615
Icmp6InType2                    \t8
";

fn both(snmp_text: &str, snmp6_text: &str) -> Result<Counters, ParseError> {
    let mut counters = Counters::default();
    snmp(snmp_text, &mut counters)?;
    snmp6(snmp6_text, &mut counters)?;
    Ok(counters)
}

#[test]
fn every_counter_is_found_by_its_name() {
    let counters = both(SNMP, SNMP6).unwrap();
    let values: Vec<u64> = super::super::NAMES.iter().map(|name| counters.get(name)).collect();
    assert_eq!(values, [6, 12, 7, 3, 5, 5, 6, 7, 3, 4, 2, 8, u64::MAX]);
    assert_eq!(counters.get("IpReasmReqds"), 0);
}

#[test_case(SNMP, "" ; "no IPv6")]
#[test_case("Ip: Forwarding FragFails\nIp: 1 2\n", SNMP6 ; "few columns")]
#[test_case("Ip: A\nIp: -1\n", "Ip6Unknown\nother\n\n" ; "what is not ours is not read")]
#[test_case("Ip: FragFails\r\nIp: 1\r\n", "Ip6FragFails 1 2" ; "white space")]
#[test_case(SNMP, "IpFragFails x" ; "a name of the other file")]
fn understood(snmp: &str, snmp6: &str) {
    assert!(both(snmp, snmp6).is_ok());
}

#[test_case("", "" ; "empty")]
#[test_case("Ip: FragFails", "" ; "no values")]
#[test_case("Icmp: InMsgs\nIcmp: 1\n", "" ; "another protocol")]
#[test_case("Ip: FragFails FragOKs\nIp: 1\n", "" ; "too few values")]
#[test_case("Ip: FragFails\nIp: 1 2\n", "" ; "too many values")]
#[test_case("Ip: FragFails\nIp: one\n", "" ; "a word")]
#[test_case("Ip: FragFails\nIp: -1\n", "" ; "negative")]
#[test_case("Ip: FragFails\nIp: 18446744073709551616\n", "" ; "too large")]
#[test_case(SNMP, "Ip6FragFails" ; "no value")]
#[test_case(SNMP, "Ip6FragFails 0x1" ; "another base")]
fn refused(snmp: &str, snmp6: &str) {
    assert!(both(snmp, snmp6).is_err());
}
