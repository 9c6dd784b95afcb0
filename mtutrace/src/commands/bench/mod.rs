//! `mtutrace bench`: what the classifiers cost per packet, compared with an empty program in the same run.
mod sandbox;

use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;

use aya::programs::{ProgramError, SchedClassifier};
use aya::{Ebpf, TestRun, TestRunOptions};
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::outcome::{Failure, Outcome};
use crate::kernel::limits::set_limit;
use crate::kernel::{capability, load};
use crate::model::{DeviceId, NetnsId};
use crate::output::format::Format;
use crate::output::json::line;

/// L3 bytes of the ordinary packet.
const ORDINARY: u16 = 1040;
/// L3 bytes of the packet that is too big.
const OVERSIZED: u16 = 1500;
/// The limit that the test device gets.
const LIMIT: u32 = 1450;
/// The ordinary packet, while another device in the same slot of the table of limits has [`SMALL`].
const BESIDE: &str = "ordinary, slot shared";
const SMALL: u32 = 100;
/// This thread's namespace.
const OWN_NETNS: &str = "/proc/thread-self/ns/net";
/// BPF_PROG_TEST_RUN takes the packet to have come in by the loopback device (`bpf_prog_test_run_skb`).
const LOOPBACK: u32 = 1;

/// Options of `bench`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Output format.
    pub(crate) output: Format,
    /// Runs of each program in a round.
    pub(crate) repeat: u32,
    /// Rounds; the medians of the rounds count.
    pub(crate) rounds: u32,
}

/// The line of `-o json`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BenchLine<'a> {
    v: u32,
    kind: &'static str,
    rows: &'a [Measurement],
}

/// One measurement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "BenchRow")]
pub(crate) struct Measurement {
    program: &'static str,
    packet: &'static str,
    ns: f64,
    ratio: f64,
}

/// Measures with BPF_PROG_TEST_RUN. Programs take turns, so that a noisy moment hits all of them alike.
///
/// # Errors
/// When the machine cannot load the programs.
pub(crate) fn bench(options: &Options) -> Result<Outcome, Failure> {
    let missing = capability::missing();
    if !missing.is_empty() {
        return Err(Failure::Machine(capability::explain(&missing)));
    }
    let refused = |e: std::io::Error| {
        Failure::Machine(format!("cannot create a network namespace for the benchmark: {e}"))
    };
    sandbox::enter(LIMIT).map_err(refused)?;
    let mut ebpf = load::load_classifiers().map_err(|e| Failure::Machine(e.to_string()))?;
    let netns = std::fs::metadata(OWN_NETNS).map_err(refused)?.ino();
    let device = DeviceId { netns: NetnsId(netns as u32), ifindex: LOOPBACK };
    let ordinary = tcp_packet(ORDINARY, false);
    let oversized = tcp_packet(OVERSIZED, false);
    let syn = tcp_packet(60, true);
    let cases: [(&str, &str, &[u8]); 6] = [
        ("mtut_empty", "ordinary", &ordinary),
        ("mtut_in", "ordinary", &ordinary),
        ("mtut_in", BESIDE, &ordinary),
        ("mtut_out", "ordinary", &ordinary),
        ("mtut_in", "oversized", &oversized),
        ("mtut_in", "syn", &syn),
    ];
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..options.rounds {
        for ((program, packet, bytes), times) in cases.iter().zip(&mut times) {
            // Events fill the ring, and then they are cheaper: few of them at a time.
            let makes_events = !matches!(*packet, "ordinary" | BESIDE);
            let repeat = if makes_events { options.repeat.min(2000) } else { options.repeat };
            set_limit(&mut ebpf, device, LIMIT, (*packet == BESIDE).then_some(SMALL));
            times.push(
                measure(&mut ebpf, program, bytes, repeat).map_err(|e| Failure::Machine(e.to_string()))?,
            );
            drain(&mut ebpf);
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    let empty = medians.first().copied().unwrap_or(1.0).max(1.0);
    set_limit(&mut ebpf, device, LIMIT, None);
    check_events(&mut ebpf, &oversized)?;
    let rows = cases.iter().zip(&medians).map(|((program, packet, _), ns)| Measurement {
        program,
        packet,
        ns: *ns,
        ratio: (ns / empty * 100.0).round() / 100.0,
    });
    print(options.output, &rows.collect::<Vec<_>>()).map_err(Failure::Output)?;
    Ok(Outcome::Nothing)
}

/// The oversized packet must cause an event, or its row would measure something else.
fn check_events(ebpf: &mut Ebpf, packet: &[u8]) -> Result<(), Failure> {
    measure(ebpf, "mtut_in", packet, 1).map_err(|e| Failure::Machine(e.to_string()))?;
    match drain(ebpf) {
        0 => Err(Failure::Machine(
            "the oversized packet caused no event: bpf_fib_lookup does not work on this kernel".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn measure(ebpf: &mut Ebpf, program: &str, packet: &[u8], repeat: u32) -> Result<f64, ProgramError> {
    let classifier: &mut SchedClassifier =
        ebpf.program_mut(program).ok_or(ProgramError::NotLoaded)?.try_into()?;
    let options = TestRunOptions { data_in: Some(packet), repeat, ..TestRunOptions::new() };
    // The kernel answers with the mean of one run, in whole nanoseconds.
    Ok(classifier.test_run(options)?.duration.as_nanos() as f64)
}

/// Empties the ring, as a reader would, and counts what was in it.
fn drain(ebpf: &mut Ebpf) -> usize {
    let ring = ebpf.map_mut("EVENTS").and_then(|map| aya::maps::RingBuf::try_from(map).ok());
    ring.map_or(0, |mut ring| std::iter::from_fn(|| ring.next().map(drop)).count())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

/// An Ethernet frame with an IPv4/TCP packet of `length` bytes at L3, DF set.
fn tcp_packet(length: u16, syn: bool) -> Vec<u8> {
    let mut frame = vec![0; 14 + usize::from(length)];
    let ip: [u8; 20] =
        [0x45, 0, (length >> 8) as u8, length as u8, 0, 1, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2];
    let tcp: [u8; 20] = [
        0x9c,
        0x40,
        0,
        80,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0x50,
        if syn { 0x02 } else { 0x10 },
        0xff,
        0xff,
        0,
        0,
        0,
        0,
    ];
    let destination = Ipv4Addr::from(u32::from(sandbox::NETWORK) + 10).octets();
    let parts: [(usize, &[u8]); 4] = [(12, &[0x08, 0x00]), (14, &ip), (30, &destination), (34, &tcp)];
    for (at, bytes) in parts {
        if let Some(place) = frame.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    frame
}

fn print(format: Format, rows: &[Measurement]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => {
            line::write(&mut out, &BenchLine { v: 1, kind: "bench", rows })?;
            writeln!(out)
        }
        Format::Text => {
            writeln!(
                out,
                "{:<12} {:<22} {:>8} {:>24}",
                "program", "packet", "ns/run", "ratio to an empty program"
            )?;
            for row in rows {
                writeln!(out, "{:<12} {:<22} {:>8.0} {:>24.2}", row.program, row.packet, row.ns, row.ratio)?;
            }
            Ok(())
        }
    }
}
