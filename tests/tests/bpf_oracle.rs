//! The classifiers against an oracle: drawn frames go through each of them by BPF_PROG_TEST_RUN, and what the ring has
//! afterwards is what etherparse's reading of the same bytes leads to. No program decides about a packet, or changes it.
//!
//! `MTUTRACE_FRAMES=N` draws more of them, `MTUTRACE_SEED=N` those of an earlier run.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use aya::maps::{Array, HashMap, MapData, PerCpuArray, RingBuf};
use aya::programs::{ProgramError, SchedClassifier};
use aya::{Ebpf, TestRun, TestRunOptions};
use mtutrace::kernel::load::load_classifiers;
use mtutrace_common::config::{ASKED_SLOTS, LIMIT_DIFFERS, LIMIT_SLOTS, counter, device_key};
use mtutrace_tests::check::{kernel_is_at_least, skip};
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::oracle::draw::{Case, ETHERNET, case};
use mtutrace_tests::oracle::expect::{Expected, Place, expect};
use mtutrace_tests::oracle::record::Record;

/// Of each kind, with Ethernet headers and without; each goes through the two or three programs of its kind.
const FRAMES: usize = 4_000;
const MTU: u32 = 1300;
/// BPF_PROG_TEST_RUN takes frames for the loopback device's (`bpf_prog_test_run_skb`).
const LOOPBACK: u32 = 1;
/// The device of the small route.
const EGRESS: u32 = 7777;
/// TC_ACT_UNSPEC: other classifiers go on, and the packet with them.
const UNSPEC: u32 = u32::MAX;
/// Newer kernels refuse to run on less than the IP header that the frame's protocol promises.
const IP_HEADER: usize = 40;
/// The program, Ethernet headers, coming in.
const PROGRAMS: [(&str, bool, bool); 5] = [
    ("mtut_in", true, true),
    ("mtut_in_nested", true, true),
    ("mtut_out", true, false),
    ("mtut_in_l3", false, true),
    ("mtut_out_l3", false, false),
];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn records_are_what_the_oracle_says() {
    if skip() {
        return;
    }
    let netns = NetNs::create(&format!("{}-oracle", name::own())).unwrap();
    netns.sysctl("net/ipv4/ip_forward", "1").unwrap();
    netns.sysctl("net/ipv6/conf/all/forwarding", "1").unwrap();
    netns
        .ip(&format!(
            "link add d0 index {EGRESS} mtu {MTU} type veth peer name d1\nlink set d0 up\nlink set d1 up\n\
             route add 198.51.100.0/24 dev d0\nroute add 2001:db8:1::/48 dev d0"
        ))
        .unwrap();
    let inode = netns.inode().unwrap() as u32;
    let seed = setting("MTUTRACE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let frames = setting("MTUTRACE_FRAMES").map_or(FRAMES, |frames| frames as usize);
    eprintln!("{frames} frames; again: MTUTRACE_SEED={seed} MTUTRACE_FRAMES={frames}");
    netns.enter(|| run(inode, seed, frames)).unwrap();
}

/// The loaded programs, and the ring that their records come out of.
struct Kernel {
    ebpf: Ebpf,
    ring: RingBuf<MapData>,
}

fn run(netns: u32, seed: u64, frames: usize) {
    let mut ebpf = load_classifiers().unwrap();
    set_limits(&mut ebpf, netns);
    let ring = RingBuf::try_from(ebpf.take_map("EVENTS").unwrap()).unwrap();
    let mut kernel = Kernel { ebpf, ring };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut seen = Tally::default();
    for number in 0..frames {
        for ethernet in [true, false] {
            let case = case(&mut random, ethernet);
            for (program, ..) in PROGRAMS.into_iter().filter(|(_, with, _)| *with == ethernet) {
                match check(&mut kernel, program, &case, netns) {
                    Ok(Some(expected)) => seen.add(&expected),
                    Ok(None) => seen.refused += 1,
                    Err(error) => panic!("seed {seed}, frame {number}, {program}: {error}\n{case:02x?}"),
                }
            }
        }
    }
    seen.compare(&kernel.ebpf);
}

/// Runs one case; none where the kernel refuses it, and an error where the program departs from the oracle.
fn check(kernel: &mut Kernel, program: &str, case: &Case, netns: u32) -> Result<Option<Expected>, String> {
    let (_, ethernet, ingress) = PROGRAMS.into_iter().find(|(name, ..)| *name == program).unwrap();
    let tells_mtu = kernel_is_at_least(5, 12);
    let place = Place { ethernet, ingress, netns, ifindex: LOOPBACK, mtu: MTU, egress: EGRESS, tells_mtu };
    let expected = expect(case, place);
    let Some(mut records) = once(kernel, program, case)? else { return Ok(None) };
    // One connection's holes are told once in 20 ms, and those of two that share a slot once in 1 ms. Only a hole can be
    // missing for that reason, and only until the slots are empty.
    let holes = expected.records.iter().any(|record| matches!(record, Record::SackHole(_)));
    if holes && records.len() + 1 == expected.records.len() {
        forget_holes(&mut kernel.ebpf);
        records = once(kernel, program, case)?.unwrap();
    }
    if records != expected.records {
        return Err(format!("\nrecords  {records:x?}\nexpected {:x?}", expected.records));
    }
    Ok(Some(expected))
}

/// Runs one case and takes the records out of the ring.
fn once(kernel: &mut Kernel, program: &str, case: &Case) -> Result<Option<Vec<Record>>, String> {
    let before = monotonic();
    let mut out = vec![0; case.frame.len() + 64];
    let context = context(case);
    let classifier: &mut SchedClassifier = kernel.ebpf.program_mut(program).unwrap().try_into().unwrap();
    let options = TestRunOptions {
        data_in: Some(&case.frame),
        data_out: Some(&mut out),
        ctx_in: Some(&context),
        ..TestRunOptions::new()
    };
    let result = match classifier.test_run(options) {
        Ok(result) => result,
        Err(ProgramError::SyscallError(error))
            if error.io_error.raw_os_error() == Some(libc::EINVAL)
                && case.frame.len() < ETHERNET + IP_HEADER =>
        {
            return Ok(None);
        }
        Err(error) => return Err(format!("the kernel does not run it: {error:?}")),
    };
    if result.return_value != UNSPEC {
        return Err(format!("it returned {}", result.return_value));
    }
    let length = result.data_size_out as usize;
    if out.get(..length) != Some(&case.frame[..]) {
        return Err(format!("it made {:02x?} of the frame", out.get(..length)));
    }
    let mut records = Vec::new();
    while let Some(bytes) = kernel.ring.next() {
        let mut record = Record::read(&bytes).ok_or_else(|| format!("no record: {:02x?}", &bytes[..]))?;
        let time = record.take_time();
        if !(before..=monotonic()).contains(&time) {
            return Err(format!("the record's time is {time}"));
        }
        records.push(record);
    }
    Ok(Some(records))
}

/// `struct __sk_buff` up to `gso_size` (uapi/linux/bpf.h); all else has to be 0.
fn context(case: &Case) -> [u8; 180] {
    const GSO_SEGMENTS: usize = 164;
    const GSO_SIZE: usize = 176;
    let mut context = [0; 180];
    context[GSO_SEGMENTS..GSO_SEGMENTS + 4].copy_from_slice(&u32::from(case.gso_segments).to_ne_bytes());
    context[GSO_SIZE..].copy_from_slice(&u32::from(case.gso_size).to_ne_bytes());
    context
}

/// CLOCK_MONOTONIC, nanoseconds.
fn monotonic() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the timespec is live, and the clock exists on every Linux.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) }, 0);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The host's device has its slot alone; that of others shares one with a device whose limit is smaller.
fn set_limits(ebpf: &mut Ebpf, netns: u32) {
    let mut devices: HashMap<_, u64, u32> = ebpf.map_mut("DEVICES").unwrap().try_into().unwrap();
    devices.insert(device_key(netns, LOOPBACK), MTU, 0).unwrap();
    let mut limits: Array<_, u32> = ebpf.map_mut("LIMITS").unwrap().try_into().unwrap();
    limits.set(LOOPBACK, MTU, 0).unwrap();
    limits.set(LIMIT_SLOTS + LOOPBACK, 100 | LIMIT_DIFFERS, 0).unwrap();
}

fn forget_holes(ebpf: &mut Ebpf) {
    let mut asked: Array<&mut MapData, [u64; 2]> = ebpf.map_mut("ASKED").unwrap().try_into().unwrap();
    (0..ASKED_SLOTS).for_each(|slot| asked.set(slot, [0; 2], 0).unwrap());
}

/// What there was, to see that everything was there, and that the kernel side's own counters say the same.
#[derive(Default)]
struct Tally {
    records: std::collections::BTreeMap<&'static str, u64>,
    later_fragments: u64,
    slow_path: u64,
    refused: u64,
}

impl Tally {
    fn add(&mut self, expected: &Expected) {
        for record in &expected.records {
            *self.records.entry(record.signal().name()).or_default() += 1;
        }
        self.later_fragments += u64::from(expected.later_fragment);
        self.slow_path += u64::from(expected.slow_path);
    }

    fn compare(&self, ebpf: &Ebpf) {
        let counters: PerCpuArray<_, u64> = ebpf.map("COUNTERS").unwrap().try_into().unwrap();
        let count = |slot: u32| counters.get(&slot, 0).unwrap().iter().sum::<u64>();
        eprintln!("{:?}, {} later fragments, {} refused", self.records, self.later_fragments, self.refused);
        assert_eq!(self.records.len(), 5, "not every signal came: {:?}", self.records);
        assert_eq!(count(counter::LOST), 0);
        // A case that was run again for its hole has counted twice.
        assert!(count(counter::SLOW_PATH) >= self.slow_path && self.slow_path > 0);
        assert!(count(counter::LATER_FRAGMENTS) >= self.later_fragments && self.later_fragments > 0);
    }
}
