//! `mtutrace bench`: what the classifiers cost per packet, compared with an empty program in the same run.
mod lines;
mod packets;
mod rounds;
mod sandbox;

use std::os::unix::fs::MetadataExt;

use aya::Ebpf;
use aya::programs::{ProgramError, SchedClassifier};
use aya::{TestRun, TestRunOptions};

pub(crate) use self::lines::BenchLine;
use self::lines::Measurement;
use self::packets::{Kind, LIMIT, kinds};
use self::rounds::Rounds;
use crate::commands::outcome::{Failure, Outcome};
use crate::kernel::limits::set_limit;
use crate::kernel::{capability, load};
use crate::model::{DeviceId, NetnsId};
use crate::output::format::Format;

/// The program that does nothing.
const EMPTY: &str = "mtut_empty";
/// Each classifier, and whether its device has Ethernet headers.
const PROGRAMS: [(&str, bool); 5] = [
    ("mtut_in", true),
    ("mtut_in_nested", true),
    ("mtut_out", true),
    ("mtut_in_l3", false),
    ("mtut_out_l3", false),
];
/// The ordinary packet, while another device in the same slot of the table of limits has [`SMALL`].
const BESIDE: &str = "ordinary, slot shared";
const SMALL: u32 = 100;
/// Records fill the ring, and then they are cheaper: few of them at a time.
const RECORDED: u32 = 2000;
/// Runs of what is not quick, in a round.
const SLOW: u32 = 20_000;
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

/// What is measured in one row.
struct Case {
    program: &'static str,
    packet: &'static str,
    frame: Vec<u8>,
    context: Vec<u8>,
    recorded: bool,
    repeat: u32,
}

impl Case {
    fn new(program: &'static str, ethernet: bool, kind: &Kind, repeat: u32) -> Case {
        let most = match (kind.recorded, kind.slow) {
            (true, _) => RECORDED,
            (false, true) => SLOW,
            (false, false) => repeat,
        };
        let (frame, context) = (kind.frame(ethernet), kind.context());
        let recorded = kind.recorded;
        Case { program, packet: kind.name, frame, context, recorded, repeat: repeat.min(most) }
    }
}

/// The classifiers, loaded in a namespace of their own.
struct Bench {
    ebpf: Ebpf,
    device: DeviceId,
}

/// Measures with BPF_PROG_TEST_RUN: an empty program and a classifier by turns, so that a noisy moment hits both.
///
/// # Errors
/// When the machine cannot load the programs.
pub(crate) fn bench(options: &Options) -> Result<Outcome, Failure> {
    let missing = capability::missing();
    if !missing.is_empty() {
        return Err(Failure::Machine(capability::explain(&missing)));
    }
    let programs = load::load_unattached().map_err(machine).map(|ebpf| lines::sizes(&ebpf))?;
    let refused = |e: std::io::Error| {
        Failure::Machine(format!("cannot create a network namespace for the benchmark: {e}"))
    };
    sandbox::enter(LIMIT).map_err(refused)?;
    let netns = std::fs::metadata(OWN_NETNS).map_err(refused)?.ino();
    let device = DeviceId { netns: NetnsId(netns as u32), ifindex: LOOPBACK };
    let mut bench = Bench { ebpf: load::load_classifiers().map_err(machine)?, device };
    let mut cases = cases(options.repeat);
    bench.check(&mut cases)?;
    let empty = cases.remove(0);
    let mut rounds = vec![Rounds::default(); cases.len()];
    for _ in 0..options.rounds {
        for (case, rounds) in cases.iter().zip(&mut rounds) {
            let beside = bench.measure(&empty, options.repeat).map_err(machine)?;
            rounds.add(beside, bench.measure(case, case.repeat).map_err(machine)?);
        }
    }
    let all = rounds::empty(&rounds);
    let rows: Vec<Measurement> = std::iter::once(all.row(empty.program, empty.packet))
        .chain(cases.iter().zip(&rounds).map(|(case, rounds)| rounds.row(case.program, case.packet)))
        .collect();
    lines::print(options.output, &rows, &programs).map_err(Failure::Output)?;
    Ok(Outcome::Nothing)
}

fn machine(error: impl std::fmt::Display) -> Failure {
    Failure::Machine(error.to_string())
}

/// The empty program first, then all kinds of packets by each classifier.
fn cases(repeat: u32) -> Vec<Case> {
    let kinds = kinds();
    let ordinary = kinds.first().map(|kind| Kind { name: BESIDE, ..kind.clone() });
    let with = |program, ethernet| kinds.iter().map(move |kind| Case::new(program, ethernet, kind, repeat));
    let mut cases: Vec<Case> = with(EMPTY, true).take(1).collect();
    for (number, (program, ethernet)) in PROGRAMS.into_iter().enumerate() {
        cases.extend(with(program, ethernet).take(1));
        if number == 0 {
            cases.extend(ordinary.iter().map(|kind| Case::new(program, ethernet, kind, repeat)));
        }
        cases.extend(with(program, ethernet).skip(1));
    }
    cases
}

impl Bench {
    /// Nanoseconds of one run; what was recorded is thrown away.
    fn measure(&mut self, case: &Case, repeat: u32) -> Result<f64, ProgramError> {
        let ns = self.run(case, repeat)?;
        self.drain();
        Ok(ns)
    }

    fn run(&mut self, case: &Case, repeat: u32) -> Result<f64, ProgramError> {
        set_limit(&mut self.ebpf, self.device, LIMIT, (case.packet == BESIDE).then_some(SMALL));
        let program = self.ebpf.program_mut(case.program).ok_or(ProgramError::NotLoaded)?;
        let classifier: &mut SchedClassifier = program.try_into()?;
        let options = TestRunOptions {
            data_in: Some(&case.frame),
            ctx_in: (!case.context.is_empty()).then_some(&case.context),
            repeat,
            ..TestRunOptions::new()
        };
        // The kernel answers with the mean of one run, in whole nanoseconds.
        Ok(classifier.test_run(options)?.duration.as_nanos() as f64)
    }

    /// Runs each case once: a kind of packet that this kernel does not take is left out, and one that should cause a
    /// record must, or its row would measure something else.
    fn check(&mut self, cases: &mut Vec<Case>) -> Result<(), Failure> {
        let mut taken = Vec::new();
        for case in cases.drain(..) {
            self.drain();
            match self.run(&case, 1) {
                Err(e) if case.program != EMPTY && case.packet != "ordinary" => {
                    tracing::warn!("{} is left out, {}: {e}", case.packet, case.program);
                }
                Err(e) => return Err(machine(e)),
                Ok(_) if case.recorded && case.program.starts_with("mtut_in") && self.drain() == 0 => {
                    return Err(Failure::Machine(format!(
                        "{} caused no record ({}): bpf_fib_lookup or the ring does not work on this kernel",
                        case.packet, case.program
                    )));
                }
                Ok(_) => taken.push(case),
            }
        }
        *cases = taken;
        Ok(())
    }

    /// Empties the ring, as a reader would, and counts what was in it.
    fn drain(&mut self) -> usize {
        let ring = self.ebpf.map_mut("EVENTS").and_then(|map| aya::maps::RingBuf::try_from(map).ok());
        ring.map_or(0, |mut ring| std::iter::from_fn(|| ring.next().map(drop)).count())
    }
}
