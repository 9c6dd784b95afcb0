//! `mtutrace run`: wires the kernel side, the model of the node, the engine and an output together.
mod banner;
mod holder;
mod live;
mod loading;
mod options;
mod progress;
mod ready;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use aya::maps::RingBuf;
use aya_log::EbpfLogger;
use tokio::io::unix::AsyncFd;

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::record::{self, PacketView, Recorder};
use crate::commands::session::{Session, State, View};
use crate::commands::sight;
use crate::commands::signals::Signals;
use crate::discovery::classifiers::Classifiers;
use crate::discovery::nat::NatTables;
use crate::discovery::reconciler::Reconciler;
use crate::discovery::scan::Discovery;
use crate::filter::select;
use crate::kernel::attach::Attacher;
use crate::kernel::counters::Counters;
use crate::kernel::hooks::{HOOKS, table};
use crate::kernel::load::Loaded;
use crate::kernel::privileges::Later;
use crate::kernel::ring::Ring;
use crate::kernel::{capability, descriptors, instances, privileges};
use crate::metrics::Metrics;
use crate::output::format::RunFormat;
use crate::output::{Context, KernelNames, Output, format, stderr};
use crate::recording::file::Files;
use crate::report::Collector;
use crate::report::incident::Machine;
use crate::telemetry::clock::Clock;
use crate::telemetry::{cost, machine, memory};
use live::Live;
use loading::{Loading, loaded};
pub(crate) use options::Options;
use progress::Progress;

/// Traces the node.
///
/// # Errors
/// When the command line names what is not there, or the machine cannot be traced.
pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let filter = &options.shown.filter;
    let missing = capability::missing();
    if !missing.is_empty() {
        return Err(Failure::Machine(capability::explain(&missing)));
    }
    options.load.check().map_err(Failure::btf)?;
    options.ready_file.as_deref().map_or(Ok(()), ready::prepare)?;
    let format = format::choose(options.shown.output)?;
    descriptors::raise_limit();
    memory::few_arenas();
    // A port below 1024 takes more than tracing does; what serves it keeps nothing.
    let metrics =
        options.metrics.map(|address| Metrics::serve(address, report_of_now(options))).transpose()?;
    let ready = options.ready_file.as_deref().map(Later::make);
    let recorded = options.record.as_ref().map(|record| Later::make(&record.file));
    let btf = options.load.kernel_btf.as_deref().map(Later::read);
    let later: Vec<Later<'_>> = ready.into_iter().chain(recorded).chain(btf).collect();
    privileges::keep_only(&capability::TRACING, &later);
    privileges::refuse_calls();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before anything takes time: a signal from here on ends the run in order.
    let ring = options.record.as_ref().is_some_and(|record| record.ring.is_some());
    let signals = runtime.block_on(async {
        let mut signals = Signals::new()?;
        if ring { signals.expect_dumps().map(|()| signals) } else { Ok(signals) }
    })?;
    let alone = instances::is_alone();
    // The verifier and the look at the node take about as long.
    let loading = Loading::start(&options.load)?;
    let mut discovery = Discovery::new()?;
    sight::check(discovery.visibility)?;
    select::check(filter, discovery.node())?;
    if select::absent(filter, discovery.node()).is_some() {
        discovery.wait_for_metadata()?;
    }
    if let Some(absent) = select::absent(filter, discovery.node()) {
        stderr::note(&absent.to_string());
    }
    let recording = options.record.as_ref().map(record::create).transpose()?;
    let output = match &options.record {
        Some(record) if record.is_stdout() => Box::new(record::Silent),
        _ => options.shown.open(format, None)?,
    };
    // A screen says itself how far the start is.
    let progress = Progress::new(format == RunFormat::Tui);
    runtime.block_on(trace(
        options,
        Start { alone, loading, discovery, signals },
        Outputs { output, recording, metrics, progress, screen: format == RunFormat::Tui },
    ))
}

/// What collects it, if somebody wants to look.
fn report_of_now(options: &Options) -> Option<Collector> {
    options.report.then(|| {
        Collector::live(Machine {
            host: machine::host(),
            kernel: machine::kernel_release(),
            mtutrace: env!("CARGO_PKG_VERSION").to_owned(),
            anonymized: false,
        })
    })
}

/// Where to show what is found.
struct Outputs {
    output: Box<dyn Output>,
    recording: Option<Files>,
    metrics: Option<Metrics>,
    progress: Progress,
    /// The output covers the terminal, and says itself what is traced.
    screen: bool,
}

/// What a run begins with.
struct Start {
    /// No other run was there before.
    alone: bool,
    loading: Loading,
    discovery: Discovery,
    signals: Signals,
}

async fn trace(
    options: &Options,
    Start { alone, loading, discovery, mut signals }: Start,
    Outputs { mut output, recording, metrics, progress, screen }: Outputs,
) -> Result<Outcome, Failure> {
    let names = KernelNames::default();
    let context = Context { clock: &Clock::new(), node: discovery.node(), kernel_names: &names };
    let loaded = loaded(loading, &mut *output, &mut signals, &context).await?;
    let Some(Loaded { mut ebpf, outcome, reasons, symbols }) = loaded else {
        return loading::ended(&mut *output, &signals, &context);
    };
    let ring = ebpf.take_map("EVENTS").and_then(|map| RingBuf::try_from(map).ok());
    let counters = ebpf.take_map("COUNTERS").and_then(|map| Counters::new(map).ok());
    let (Some(ring), Some(counters)) = (ring, counters) else {
        return Err(Failure::Machine(
            "the BPF object of this build lacks its maps; rebuild mtutrace".to_owned(),
        ));
    };
    if options.load.log {
        match EbpfLogger::init(&mut ebpf) {
            Ok(logger) => drop(tokio::spawn(forward_log(logger))),
            Err(e) => tracing::warn!("cannot read the log of the BPF programs: {e}"),
        }
    }
    let classifiers = Classifiers::new(Attacher::new(ebpf, &outcome), alone);
    let reconciler = Reconciler::start(discovery, classifiers, table(HOOKS, &outcome))?;
    let view = View { filter: options.shown.filter.clone(), count: options.shown.count };
    let snapshot = reconciler.snapshots.borrow().clone();
    let (clock, kernel_names) = (Clock::new(), KernelNames { reasons, symbols });
    let recorder = options.record.as_ref().zip(recording).map(|(record, files)| {
        let head = record::head(&clock, &options.shown.filter, &kernel_names);
        Rc::new(RefCell::new(Recorder::new(record, files, head, snapshot.clone())))
    });
    let view_of_it = recorder.as_ref().map(|recorder| PacketView(Rc::clone(recorder)));
    let beside = view_of_it.into_iter().map(|view| Box::new(view) as Box<dyn Output>).collect();
    let live = Live {
        recorder,
        options,
        ring: Ring::new(ring)?,
        counters,
        nat: NatTables::start()?,
        session: Session {
            state: State::new(snapshot, clock, &view.filter),
            view,
            output,
            beside,
            metrics,
            kernel_names,
        },
        progress: Some(progress),
        screen,
        started: Instant::now(),
        cpu_before: cost::process().unwrap_or_default().0,
        next_look: None,
    };
    live.run(reconciler, signals).await
}

/// Copies the log of the BPF programs to ours.
async fn forward_log(logger: EbpfLogger<&'static dyn log::Log>) {
    // SAFETY: the logger owns its ring's descriptor and never changes it.
    let Ok(mut logger) = (unsafe { AsyncFd::register(logger) }) else { return };
    while let Ok(mut guard) = logger.readable_mut().await {
        guard.get_inner_mut().flush();
        guard.clear_ready();
    }
}
