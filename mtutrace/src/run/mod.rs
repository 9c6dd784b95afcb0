//! `mtutrace run`: wires the kernel side, the model of the node, the engine and an output together.
pub(crate) mod filter;
mod hello;
mod keeper;
mod limits;
mod matched;
mod progress;
mod session;
mod signals;
mod watchers;

use std::io::Write;
use std::path::PathBuf;

use aya::maps::RingBuf;
use aya_log::EbpfLogger;
use tokio::io::unix::AsyncFd;

use crate::cli::{Filter, RunArgs, RunFormat};
use crate::exit::{Failure, Found};
use crate::kernel::attach::Attacher;
use crate::kernel::capability;
use crate::kernel::company;
use crate::kernel::counters::Counters;
use crate::kernel::hooks::{HOOKS, Outcome, Place, table};
use crate::kernel::load::{self, Loaded};
use crate::kernel::ring::Ring;
use crate::metrics::Metrics;
use crate::output::{Names, Output, json::Json, text::Text, tui, wants_colour};
use crate::survey::Survey;
use keeper::Keeper;
use session::Session;
use signals::Signals;

/// Traces the node.
///
/// # Errors
/// When the command line names what is not there, or the machine cannot be traced.
pub fn run(args: &RunArgs) -> Result<Found, Failure> {
    let filter = Filter::new(args)?;
    let missing = capability::missing();
    if !missing.is_empty() {
        return Err(Failure::Machine(capability::explain(&missing)));
    }
    args.load_options().check()?;
    let format = tui::choose(args.output)?;
    limits::raise_open_files();
    let metrics = args.metrics.map(Metrics::serve).transpose()?;
    let mut survey = Survey::new()?;
    filter::check(&filter, survey.node())?;
    if filter::absent(&filter, survey.node()).is_some() {
        survey.wait_for_names()?;
    }
    if let Some(absent) = filter::absent(&filter, survey.node()) {
        eprintln!("mtutrace: {absent}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = output(format, &filter);
    runtime.block_on(trace(args, filter, survey, output, metrics))
}

async fn trace(
    args: &RunArgs,
    filter: Filter,
    survey: Survey,
    output: Box<dyn Output>,
    metrics: Option<Metrics>,
) -> Result<Found, Failure> {
    // Before anything is attached: a signal from here on ends the run in order.
    let signals = Signals::new()?;
    let alone = company::is_alone();
    let Loaded { mut ebpf, outcome, reasons, symbols } =
        load::load(&args.load_options()).map_err(|e| Failure::Machine(e.to_string()))?;
    let ring = ebpf.take_map("EVENTS").and_then(|map| RingBuf::try_from(map).ok());
    let counters = ebpf.take_map("COUNTERS").and_then(|map| Counters::new(map).ok());
    let (Some(ring), Some(counters)) = (ring, counters) else {
        return Err(Failure::Machine(
            "this build's BPF object lacks its maps; build mtutrace again".to_owned(),
        ));
    };
    if args.verbose {
        match EbpfLogger::init(&mut ebpf) {
            Ok(logger) => drop(tokio::spawn(forward_log(logger))),
            Err(e) => tracing::warn!("the kernel side's log cannot be read: {e}"),
        }
    }
    let loaded = |place| {
        let mut pairs = HOOKS.iter().zip(&outcome);
        pairs.any(|(hook, outcome)| hook.place == place && *outcome == Outcome::Attached)
    };
    let attacher = Attacher::new(ebpf, loaded(Place::Ingress), loaded(Place::Egress), alone);
    let keeper = Keeper::start(survey, attacher, table(HOOKS, &outcome))?;
    let session = Session {
        args,
        filter,
        ring: Ring::new(ring)?,
        counters,
        output,
        metrics,
        names: Names { reasons, symbols },
    };
    let result = session.run(keeper, signals).await;
    if let Some(path) = &args.ready_file {
        // It says that a run is attached, and none is now.
        let _ = std::fs::remove_file(path);
    }
    result
}

fn output(format: RunFormat, filter: &Filter) -> Box<dyn Output> {
    let out = std::io::BufWriter::new(std::io::stdout());
    match format {
        RunFormat::Tui => Box::new(tui::Tui::new(filter.clone())),
        RunFormat::Text => Box::new(Text::new(out, wants_colour(), false)),
        RunFormat::Json => Box::new(Json::new(out)),
    }
}

/// Copies the kernel side's log to ours.
async fn forward_log(logger: EbpfLogger<&'static dyn log::Log>) {
    // SAFETY: the logger owns its ring's descriptor and never changes it.
    let Ok(mut logger) = (unsafe { AsyncFd::register(logger) }) else { return };
    while let Ok(mut guard) = logger.readable_mut().await {
        guard.get_inner_mut().flush();
        guard.clear_ready();
    }
}

/// Creates the ready file.
fn say_ready(path: &PathBuf, interfaces: usize) -> Result<(), Failure> {
    let written = std::fs::File::create(path).and_then(|mut file| writeln!(file, "{interfaces} interfaces"));
    written.map_err(|e| Failure::Usage(format!("the ready file {} cannot be written: {e}", path.display())))
}
