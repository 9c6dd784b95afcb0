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

fn both(snmp_text: &str, snmp6_text: &str) -> Result<SnmpCounters, ParseError> {
    let mut counters = SnmpCounters::default();
    snmp(snmp_text, &mut counters)?;
    snmp6(snmp6_text, &mut counters)?;
    Ok(counters)
}

#[test]
fn every_counter_is_found_by_its_name() {
    let counters = both(SNMP, SNMP6).unwrap();
    let values: Vec<u64> = crate::model::counters::SNMP_NAMES.iter().map(|name| counters.get(name)).collect();
    assert_eq!(values, [6, 12, 7, 3, 5, 4, 5, 6, 7, 3, 4, 0, 2, 8, u64::MAX]);
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

const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
";
/// Columns of one device: errors and drops are 3, 4, 11 and 12.
const VALUES: &str = "   1       2    3    4    5     6          7         8        9      10   11   12   13    14      15         16";

fn devices(lines: &str) -> Result<Vec<(String, [u64; 4])>, ParseError> {
    let text = format!("{DEV}{lines}");
    Ok(dev(&text)?.into_iter().map(|(name, counters)| (name.to_owned(), counters.0)).collect())
}

#[test_case("lo", "    lo" ; "padded")]
#[test_case("vethd8b2f3a1c0e5", "vethd8b2f3a1c0e5" ; "the longest, without a blank in front")]
#[test_case("a|b", "   a|b" ; "the separator of the head")]
#[test_case("eth0.100@x", "eth0.100@x" ; "a VLAN")]
#[test_case("1", "     1" ; "a number")]
#[test_case("\u{2003}é\u{fffd}", "\u{2003}é\u{fffd}" ; "other signs, blanks of theirs among them")]
#[test_case("eth0:1", "eth0:1" ; "a colon, as old kernels allowed")]
fn a_device_is_understood(name: &str, written: &str) {
    let expected = vec![(name.to_owned(), [3, 4, 11, 12])];
    // Large values leave no blank behind the colon.
    for values in [VALUES.to_owned(), VALUES.replacen("   1", &u64::MAX.to_string(), 1)] {
        assert_eq!(devices(&format!("{written}:{values}\n")), Ok(expected.clone()));
    }
}

#[test]
fn devices_are_told_apart() {
    let zero = VALUES.replace("12 ", "0  ");
    let found = devices(&format!("    lo:{VALUES}\n  eth0:{zero}\n")).unwrap();
    assert_eq!(found, [("eth0".to_owned(), [3, 4, 11, 0]), ("lo".to_owned(), [3, 4, 11, 12])]);
    assert_eq!(devices("").unwrap(), [], "a namespace has `lo` at least, but who knows");
    let twice = format!("\u{fffd}:{VALUES}\n\u{fffd}:{zero}\n  eth0:{zero}\n");
    assert_eq!(devices(&twice).unwrap(), [("eth0".to_owned(), [3, 4, 11, 0])]);
}

#[test_case("" ; "empty")]
#[test_case("Inter-|   Receive\n" ; "half a head")]
#[test_case("Inter-| R | T\n face |bytes errs drop\n" ; "nothing transmitted")]
#[test_case("Inter-| R | T\n face |bytes errs drop|bytes errs\n" ; "no drops")]
#[test_case(&format!("{DEV}eth0 {VALUES}\n") ; "no colon")]
#[test_case(&format!("{DEV}eth0:{VALUES} 17\n") ; "too many values")]
#[test_case(&format!("{DEV}eth0: 1 2 3\n") ; "too few values")]
#[test_case(&format!("{DEV}eth0:{}\n", VALUES.replace("12", "-1")) ; "negative")]
#[test_case(&format!("{DEV}eth0:{}\n", VALUES.replace("12", "18446744073709551616")) ; "too large to count")]
#[test_case(&format!("{DEV}\neth0:{VALUES}\n") ; "an empty line")]
fn a_table_is_refused(text: &str) {
    assert!(dev(text).is_err());
}

#[test]
fn other_columns_of_other_kernels_are_found_by_their_names() {
    let text = "Inter-| R | T\n face |drop errs|new drop errs\n eth0:1 2 3 4 5\n";
    assert_eq!(dev(text).unwrap()["eth0"].0, [2, 1, 5, 4]);
}
