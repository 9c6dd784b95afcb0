//! Link layers, extension headers and tunnels.

use std::net::IpAddr;

use etherparse::PacketBuilder;

use super::build::{ETHERNET, File, PLAIN, end, ip, tcp, udp, with_options};
use super::findings;

/// One full-size segment in a file of that link type; the largest packet of its way.
fn largest(link: u16, frame: &[u8]) -> u32 {
    let findings = findings(File::new(PLAIN, link).frame(0, frame));
    assert!(findings.capture.unread.is_empty(), "{:?}", findings.capture.unread);
    findings.connections[0].to_server.largest
}

fn segment() -> Vec<u8> {
    tcp((end("10.1.0.7:40000"), end("10.0.0.2:443"), 5), (1, 1), 1460, |_| {})
}

#[test]
fn link_types() {
    let frame = segment();
    let packet = &frame[14..];
    let behind = |header: &[u8]| [header, packet].concat();
    let tagged = |tags: &[u8]| [&frame[..12], tags, &frame[12..]].concat();
    assert_eq!(largest(ETHERNET, &frame), 1500);
    assert_eq!(largest(ETHERNET, &tagged(&[0x81, 0, 0, 7])), 1500);
    assert_eq!(largest(ETHERNET, &tagged(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8])), 1500);
    assert_eq!(
        largest(ETHERNET, &[&frame[..12], &[0x88, 0x64, 0x11, 0, 0, 1, 5, 0xde, 0, 0x21], packet].concat()),
        1500
    );
    assert_eq!(largest(101, packet), 1500);
    assert_eq!(largest(228, packet), 1500);
    assert_eq!(largest(0, &behind(&[2, 0, 0, 0])), 1500);
    assert_eq!(largest(108, &behind(&[0, 0, 0, 2])), 1500);
    assert_eq!(largest(113, &behind(&[0, 4, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0])), 1500);
    // Ethernet fills up small frames: the packet is as large as it says.
    let mut small = tcp((end("10.1.0.7:40000"), end("10.0.0.2:443"), 5), (1, 1), 1, |_| {});
    small.resize(60, 0);
    assert_eq!(largest(ETHERNET, &small), 41);
}

#[test]
fn ipv6_with_extension_headers() {
    let frame = tcp((end("[fd00::7]:40000"), end("[fd00::2]:443"), 0), (1, 1), 1400, |_| {});
    assert_eq!(largest(ETHERNET, &frame), 1460);
    assert_eq!(largest(ETHERNET, &with_options(&frame, 6)), 1468);
}

#[test]
fn ipv6_with_extension_headers_that_are_cut() {
    let frame = tcp((end("[fd00::7]:40000"), end("[fd00::2]:443"), 0), (1, 1), 1400, |_| {});
    // The capture ends where the next one begins: whatever kind that is.
    for next in [0, 43, 44, 51, 60] {
        let mut cut = with_options(&frame, next);
        cut.truncate(54 + 8);
        let findings = findings(File::new(PLAIN, ETHERNET).frame(0, &cut));
        assert_eq!(findings.capture.packets, 1, "{next}");
        assert!(findings.connections.is_empty(), "{next}");
    }
}

#[test]
fn tunnels() {
    let inner = segment();
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let (a, b) = (address("192.0.2.1"), address("192.0.2.2"));
    let by_udp = |port: u16, header: &[u8], inner: &[u8]| {
        udp((a, 33_000).into(), (b, port).into(), &[header, inner].concat())
    };
    let by_ip = |protocol: u8, header: &[u8], inner: &[u8]| {
        let mut frame = Vec::new();
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ip(ip(a, b, 1));
        builder.write(&mut frame, protocol.into(), &[header, inner].concat()).unwrap();
        frame
    };
    let vxlan = [8, 0, 0, 0, 0, 0, 42, 0];
    assert_eq!(largest(ETHERNET, &by_udp(4789, &vxlan, &inner)), 1500);
    assert_eq!(largest(ETHERNET, &by_udp(8472, &vxlan, &inner)), 1500);
    assert_eq!(largest(ETHERNET, &by_udp(6081, &[1, 0, 0x65, 0x58, 0, 0, 42, 0, 9, 9, 9, 9], &inner)), 1500);
    assert_eq!(largest(ETHERNET, &by_ip(47, &[0x20, 0, 8, 0, 0, 0, 0, 1], &inner[14..])), 1500);
    assert_eq!(largest(ETHERNET, &by_ip(4, &[], &inner[14..])), 1500);

    let findings = findings(File::new(PLAIN, ETHERNET).frame(0, &by_udp(4789, &vxlan, &inner)));
    let outer = findings.paths.iter().find(|path| path.from == "192.0.2.1").unwrap();
    assert_eq!(outer.largest_datagram, 1550);
    let seen_at = findings.connections[0].to_server.seen_at.as_deref().unwrap();
    assert!(seen_at.contains("inside a tunnel"), "{seen_at}");
}

#[test]
fn cut_by_the_snaplen() {
    for kept in [54, 68, 96, 128] {
        let mut file = File::new(PLAIN, ETHERNET);
        file.snaplen = kept;
        let findings = findings(file.frame(0, &segment()));
        assert_eq!(findings.connections[0].to_server.largest, 1500, "kept {kept}");
        assert_eq!(findings.capture.snapped, 1);
    }
    let mut file = File::new(PLAIN, ETHERNET);
    file.snaplen = 40;
    assert_eq!(findings(file.frame(0, &segment())).capture.unread["cut_by_snaplen"], 1);
}

#[test]
fn what_is_no_ip_is_counted() {
    let mut arp = vec![2; 12];
    arp.extend([8, 6]);
    arp.extend([0; 28]);
    let findings_of_arp = findings(File::new(PLAIN, ETHERNET).frame(0, &arp));
    assert_eq!(findings_of_arp.capture.unread["not_ip"], 1);
    let unknown = findings(File::new(PLAIN, 105).frame(0, &arp));
    assert_eq!(unknown.capture.unread["unknown_link_type"], 1);
    assert!(unknown.cannot_say.iter().any(|text| text.contains("link types")), "{:?}", unknown.cannot_say);
}
