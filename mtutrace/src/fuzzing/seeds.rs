//! Valid input of each target.

use std::path::Path;

use bytemuck::{Pod, bytes_of};
use mtutrace_common::config::DropCause;
use mtutrace_common::event::{
    DropEvent, FragmentEvent, IcmpEvent, OversizedEvent, PmtuEvent, RetransmitEvent, SackEvent, SynEvent,
};
use mtutrace_common::{ABI_VERSION, EventHeader, HookId, Packet, Signal};

/// Valid input of the target of that name.
pub(super) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "btf" => files("fixtures/btf", "btf"),
        "capture" => [files("recordings", "pcapng"), vec![pcap()]].concat(),
        "cgroup" => texts(&[
            "0::/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_444455556666.slice/cri-containerd-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope/docker/fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210\n",
            "12:pids:/lxc.payload.web/x:y\n1:name=systemd:/machine.slice/machine-a\\x2db.scope\n",
        ]),
        "conntrack" => texts(&[
            "ipv4     2 tcp      6 431999 ESTABLISHED src=172.17.0.2 dst=198.51.100.7 sport=40000 dport=443 src=198.51.100.7 dst=10.42.0.108 sport=443 dport=40000 [ASSURED] mark=0 zone=0 use=2\n",
            "ipv6     10 udp      17 29 src=2001:db8::1 dst=2001:db8::2 sport=1 dport=53 [UNREPLIED] src=2001:db8::2 dst=2001:db8::1 sport=53 dport=1 mark=0 use=2\n",
        ]),
        "counters" => texts(&[SNMP, SNMP6, DEV]),
        "cri" => vec![CRI.to_vec()],
        "docker" => texts(&[DOCKER]),
        "filter" => texts(&[
            "host 192.0.2.10 and tcp port 443 or not (src net 2001:db8::/32 and portrange 1-1024)",
            "icmp6 or ip and dst 10.0.0.1 and (udp or sctp port 5000)",
        ]),
        "netlink" => netlink(),
        "proc" => texts(&[
            "10040 (a) b) R 10032 10032 4995 0 -1 4194304 101 0 0 0 0 0 0 0 20 0 1 0 130629 3133440 416\n",
            "net:[4026531840]",
            "36 35 0:4 net:[4026532177] /run/docker/netns/1\\040a rw shared:2 - nsfs nsfs rw\n36 1 0:52 / /run rw - fuse.sshfs x rw\n",
            "pos:\t0\nflags:\t02000000\nmnt_id:\t36\nino:\t7\n",
        ]),
        "record" => records(),
        "recording" => [files("recordings", "pcapng"), journal()].concat(),
        "symbols" => texts(&[
            "ffffffff81000000 T _stext\nffffffff81a00000 t ip_forward\nffffffff81a00400 t ip_forward.cold\nffffffff81a00500 T ip_fragment.constprop.0\nffffffffc0000000 t br_dev_queue_push_xmit\t[bridge]\n",
        ]),
        other => panic!("no input for {other}"),
    }
}

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The files of a folder of `tests` that end so.
fn files(folder: &str, extension: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no .{extension}");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A pcap of one frame: a TCP SYN with its MSS.
fn pcap() -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    let options = [etherparse::TcpOptionElement::MaximumSegmentSize(1460)];
    builder.tcp(40_000, 443, 1, 64_000).syn().options(&options).unwrap().write(&mut frame, &[]).unwrap();
    let length = (frame.len() as u32).to_le_bytes();
    // Magic, version 2.4, zone, accuracy, snap length, LINKTYPE_ETHERNET; seconds, microseconds, lengths.
    let words = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0xffff, 1, 1, 2u32].map(u32::to_le_bytes).concat();
    [words, length.to_vec(), length.to_vec(), frame].concat()
}

/// One of each kind.
fn records() -> Vec<Vec<u8>> {
    let mut packet =
        Packet { sport: 443, dport: 40_000, family: 4, protocol: 6, length: 1500, ..Packet::default() };
    packet.src[..4].copy_from_slice(&[192, 0, 2, 10]);
    packet.dst[..4].copy_from_slice(&[10, 42, 0, 108]);
    fn record<T: Pod + Default>(signal: Signal, fill: impl FnOnce(&mut T)) -> Vec<u8> {
        let mut event = T::default();
        fill(&mut event);
        let header = EventHeader {
            abi: ABI_VERSION,
            kind: signal as u16,
            ifindex: 3,
            hook: HookId::KfreeSkb as u16,
            ..EventHeader::default()
        };
        let mut bytes = bytes_of(&event).to_vec();
        bytes[..size_of::<EventHeader>()].copy_from_slice(bytes_of(&header));
        bytes
    }
    vec![
        record(Signal::Oversized, |e: &mut OversizedEvent| e.packet = packet),
        record(Signal::Fragmented, |e: &mut FragmentEvent| e.packet = packet),
        record(Signal::IcmpSeen, |e: &mut IcmpEvent| e.packet = packet),
        record(Signal::Syn, |e: &mut SynEvent| e.packet = packet),
        record(Signal::Drop, |e: &mut DropEvent| (e.packet, e.cause) = (packet, DropCause::Forward as u32)),
        record(Signal::IcmpSent, |e: &mut IcmpEvent| e.packet = packet),
        record(Signal::Retransmit, |e: &mut RetransmitEvent| e.packet = packet),
        record(Signal::PmtuUpdated, |e: &mut PmtuEvent| e.packet = packet),
        record(Signal::SackHole, |e: &mut SackEvent| e.packet = packet),
    ]
}

/// Payloads of a journal as the target takes them: kind, length, bytes.
fn journal() -> Vec<Vec<u8>> {
    let record = records().remove(4);
    let batch = [&(record.len() as u16).to_le_bytes()[..], &record].concat();
    let payloads: [(u8, &[u8]); 5] = [
        (1, br#"{"format":1,"version":"0.1.0"}"#),
        (12, br#"{"ready":true,"kernel_ns":1}"#),
        (3, &batch),
        (4, b""),
        (8, br#"{"ready":false}"#),
    ];
    let whole = |(kind, payload): (u8, &[u8])| [&[kind, payload.len() as u8][..], payload].concat();
    let each: Vec<Vec<u8>> = payloads.into_iter().map(whole).collect();
    vec![each.concat()]
}

/// Payloads of rtnetlink: a VXLAN device, an address, a route with metrics and two next hops, a rule.
fn netlink() -> Vec<Vec<u8>> {
    let vxlan = [
        attribute(1, &42u32.to_ne_bytes()),
        attribute(4, &[192, 0, 2, 1]),
        attribute(15, &4789u16.to_be_bytes()),
    ]
    .concat();
    let info = [attribute(1, b"vxlan\0"), attribute(2, &vxlan)].concat();
    let link = [
        attribute(3, b"vx0\0"),
        attribute(4, &1450u32.to_ne_bytes()),
        attribute(10, &2u32.to_ne_bytes()),
        attribute(18, &info),
    ];
    // ifinfomsg, ifaddrmsg, rtmsg, fib_rule_hdr (rtnetlink(7)).
    let ifinfomsg = [&[0, 0, 1, 0][..], &7u32.to_ne_bytes(), &0x1043u32.to_ne_bytes(), &[0; 4]].concat();
    let ifaddrmsg = [&[2, 24, 0, 0][..], &7u32.to_ne_bytes()].concat();
    let rtmsg = [2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0].to_vec();
    let rule = [2, 0, 24, 0, 254, 0, 0, 1, 0, 0, 0, 0].to_vec();
    let hop = |ifindex: u32| {
        let gateway = attribute(5, &[192, 0, 2, 254]);
        [&(8 + gateway.len() as u16).to_ne_bytes()[..], &[0, 0], &ifindex.to_ne_bytes(), &gateway].concat()
    };
    let metrics = attribute(8, &attribute(2, &1400u32.to_ne_bytes()));
    let hops = attribute(9, &[hop(7), hop(8)].concat());
    vec![
        [ifinfomsg, link.concat()].concat(),
        [ifaddrmsg, attribute(1, &[192, 0, 2, 1]), attribute(2, &[192, 0, 2, 1])].concat(),
        [rtmsg, attribute(1, &[198, 51, 100, 0]), attribute(4, &7u32.to_ne_bytes()), metrics, hops].concat(),
        [
            rule,
            attribute(2, &[10, 0, 0, 0]),
            attribute(15, &254u32.to_ne_bytes()),
            attribute(6, &100u32.to_ne_bytes()),
        ]
        .concat(),
    ]
}

/// `struct nlattr`, padded to four bytes.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [&(4 + value.len() as u16).to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// `containers { id: "c" pod_sandbox_id: "s" metadata { name: "web" attempt: 1 } state: CONTAINER_RUNNING
/// labels { key: "k" value: "v" } }`
const CRI: &[u8] = b"\x0a\x19\x0a\x01c\x12\x01s\x1a\x07\x0a\x03web\x10\x01\x30\x01\x42\x06\x0a\x01k\x12\x01v";

const DOCKER: &str = r#"[{"Id":"ab","Names":["/db/alias","/shop-web-1"],"State":"running","Labels":{"com.docker.compose.project":"shop",
"com.docker.compose.service":"web","io.kubernetes.pod.name":"build-0"},"NetworkSettings":{"Networks":{"shop_default":{"NetworkID":"01"},"x":null}}}]"#;

const SNMP: &str = "Ip: Forwarding DefaultTTL InReceives ReasmTimeout ReasmFails FragOKs FragFails FragCreates\nIp: 1 64 10435 3 6 12 7 6123\nIcmp: InMsgs InErrors\nIcmp: 1 2\n";
const SNMP6: &str =
    "Ip6InReceives                   \t1\nIp6InTooBigErrors               \t2\nIcmp6InPktTooBigs\t7\n";
const DEV: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     120       2    0    0    0     0          0         0      120       2    0    0    0     0       0          0
  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
";
