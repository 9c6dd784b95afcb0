//! Cases side by side, watched by one tracer.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::case::{Case, Numbers};
use super::chain::Chain;
use super::judge::{Cast, Outcome, judge};
use super::{foretold, traffic};
use crate::lab::recording::Recording;
use crate::lab::tracer::{Tracer, binary};
use crate::lab::wait;

/// How long after the traffic a verdict may come.
const LATE: Duration = Duration::from_secs(4);

/// What the thread of a case says: what it built, then how the traffic went.
enum Said {
    Built(Cast),
    Sent(Option<anyhow::Error>),
    Failed(anyhow::Error),
}

/// One case of the batch, and the thread that owns its lab: its processes die with whoever started them.
struct Stage {
    case: Case,
    numbers: Numbers,
    said: Receiver<Said>,
    /// Each word lets the thread go a step further; it cleans up when no more can come.
    go: Sender<()>,
}

/// Builds all labs, then starts the tracer, then the traffic; judges what was said until the verdicts are there.
pub(super) fn run(cases: Vec<Case>, seed: u64) -> Result<Vec<Outcome>> {
    std::thread::scope(|scope| {
        let stages = cases.into_iter().map(|case| {
            let (say, said) = channel();
            let (go, wait) = channel();
            let numbers = case.draw(seed);
            let (own, drawn) = (case.clone(), numbers.clone());
            scope.spawn(move || {
                let Err(error) = perform(&own, &drawn, &say, &wait) else { return };
                let _nobody_listens_any_more = say.send(Said::Failed(error));
            });
            Stage { case, numbers, said, go }
        });
        // The threads end when the stages are gone, be it by an error.
        conduct(stages.collect())
    })
}

fn perform(case: &Case, numbers: &Numbers, say: &Sender<Said>, go: &Receiver<()>) -> Result<()> {
    let chain = Chain::build(case, numbers)?;
    traffic::await_ready(case, &chain)?;
    say.send(Said::Built(chain.cast(case)?))?;
    if go.recv().is_ok() {
        say.send(Said::Sent(traffic::send(case, numbers, &chain).err()))?;
        // Until everything is judged the containers live.
        let _end = go.recv();
    }
    Ok(())
}

fn conduct(stages: Vec<Stage>) -> Result<Vec<Outcome>> {
    let casts = stages.iter().map(Stage::built).collect::<Result<Vec<_>>>()?;
    let map = map()?;
    let recording = Recording::new();
    let mut tracer = Tracer::record(recording.path(), &[])?;
    stages.iter().try_for_each(|stage| stage.go.send(()))?;
    let failures = stages.iter().map(Stage::sent).collect::<Result<Vec<_>>>()?;
    await_verdicts(&mut tracer, &stages, &casts);
    if wait::interrupted() {
        bail!("interrupted");
    }
    let end = tracer.interrupt()?;
    if let Some(path) = std::env::var_os("MTUTRACE_LINES") {
        keep(Path::new(&path), &map, &end.lines)?;
    }
    let lines = end.lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>();
    let last = end.last_of_kind("verdict");
    let outcomes = stages.iter().zip(&casts).zip(failures).map(|((stage, cast), failure)| {
        let mut outcome = judge(&stage.case, &stage.numbers, cast, &lines, &last);
        outcome.wrong.extend(foretold::differences(&stage.case, &stage.numbers, cast, &map));
        outcome.wrong.extend(failure.map(|failure| format!("{failure:#}")));
        outcome
    });
    let mut outcomes: Vec<Outcome> = outcomes.collect();
    if let Some(first) = outcomes.first_mut() {
        first.wrong.extend(recording.difference(&end.lines).map(|why| format!("a replay differs: {why}")));
    }
    Ok(outcomes)
}

/// Appends all that was said to a file, for whoever wants to know why a case is wrong.
fn keep(path: &Path, map: &Value, lines: &[String]) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{map}\n{}", lines.join("\n"))?;
    Ok(())
}

/// What `map` says of the labs before anything was sent.
fn map() -> Result<Value> {
    // Its exit code says whether anything is wrong; some of the labs are.
    let output = Command::new(binary()?).args(["map", "-o", "json"]).output()?;
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).with_context(|| format!("mtutrace map -o json: {}", said()))
}

impl Stage {
    fn next(&self) -> Result<Said> {
        let said = self.said.recv().context("its thread panicked");
        said.with_context(|| format!("case {} ({})", self.case.name, self.numbers.words()))
    }

    fn built(&self) -> Result<Cast> {
        match self.next()? {
            Said::Built(cast) => Ok(cast),
            Said::Failed(error) => Err(error.context(format!("case {}", self.case.name))),
            Said::Sent(_) => bail!("case {}: sent before it was built", self.case.name),
        }
    }

    fn sent(&self) -> Result<Option<anyhow::Error>> {
        match self.next()? {
            Said::Sent(failure) => Ok(failure),
            Said::Failed(error) => Ok(Some(error)),
            Said::Built(_) => bail!("case {}: built twice", self.case.name),
        }
    }
}

/// Waits for the verdicts that are expected; the final report judges whatever else there is evidence for.
fn await_verdicts(tracer: &mut Tracer, stages: &[Stage], casts: &[Cast]) {
    let wanted = stages
        .iter()
        .zip(casts)
        .filter_map(|(stage, cast)| Some((stage.case.expect.as_ref()?.verdict.as_str(), &cast.sufferer)));
    let mut wanted = wanted.collect::<Vec<_>>();
    let (start, late) = (Instant::now(), wait::patient(LATE));
    while !wanted.is_empty() && start.elapsed() < late && !wait::interrupted() {
        let Some(line) = tracer.next_line(Duration::from_millis(100)) else { continue };
        let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
        wanted.retain(|(verdict, sufferer)| {
            line["kind"] != "verdict" || line["verdict"] != *verdict || !sufferer.is_in(&line)
        });
    }
}
