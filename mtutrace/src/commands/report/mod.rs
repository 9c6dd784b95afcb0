//! `mtutrace report`: what a recording says, as a page, for a ticket, or for a program.
mod options;
mod write;

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::rc::Rc;

use crate::capture::{self, Findings};
use crate::commands::outcome::{Failure, Outcome};
use crate::commands::player::Player;
use crate::commands::shown::Shown;
use crate::recording::head::Head;
use crate::recording::pcapng::ReadError;
use crate::recording::playback::{Playback, PlaybackError};
use crate::report::foreign::CaptureReport;
use crate::report::incident::Machine;
use crate::report::{Collector, Incident, compare, html, markdown};
pub(crate) use options::{Options, ReportFormat};

/// Writes a report.
///
/// # Errors
/// When a file is no recording, or the report cannot be written.
pub(crate) fn report(options: &Options) -> Result<Outcome, Failure> {
    let format = options.format.unwrap_or_else(|| write::format_for(options.write.as_deref()));
    if options.before.is_none()
        && let Some(findings) = foreign(&options.file)?
    {
        let report = CaptureReport::new(findings);
        let text = match format {
            ReportFormat::Html => report.page(),
            ReportFormat::Markdown => report.markdown(),
            ReportFormat::Json => json(&report)?,
        };
        write::write(options.write.as_deref(), &text)?;
        return Ok(if report.findings.problem { Outcome::Problem } else { Outcome::Nothing });
    }
    let after = incident(&options.file)?;
    let (text, problem) = match &options.before {
        None => (of(&after, format)?, after.problem),
        Some(before) => {
            let comparison = compare::compare(&incident(before)?, &after);
            let text = match format {
                ReportFormat::Html => html::compared(&comparison),
                ReportFormat::Markdown => markdown::compared(&comparison),
                ReportFormat::Json => json(&comparison)?,
            };
            (text, !comparison.fixed)
        }
    };
    write::write(options.write.as_deref(), &text)?;
    Ok(if problem { Outcome::Problem } else { Outcome::Nothing })
}

fn of(incident: &Incident, format: ReportFormat) -> Result<String, Failure> {
    Ok(match format {
        ReportFormat::Html => html::page(incident),
        ReportFormat::Markdown => markdown::page(incident),
        ReportFormat::Json => json(incident)?,
    })
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::Output(e.into()))?;
    Ok(text + "\n")
}

/// What the packets of a capture say that another program made; nothing if it is a recording of ours. stdin is one of ours.
fn foreign(path: &Path) -> Result<Option<Findings>, Failure> {
    if path == Path::new("-")
        || !matches!(
            Playback::open(path),
            Err(PlaybackError::PacketsAlone | PlaybackError::Read(ReadError::Foreign))
        )
    {
        return Ok(None);
    }
    let refused = |why: String| Failure::Usage(format!("cannot report {}: {why}", path.display()));
    let mut file = File::open(path).map_err(|e| refused(e.to_string()))?;
    let mut head = [0; 4];
    let begins = file.read_exact(&mut head).is_ok() && capture::is_capture(&head);
    if !begins {
        return Err(refused("it is neither a recording nor a capture (pcap, pcapng)".to_owned()));
    }
    file.rewind().map_err(|e| refused(e.to_string()))?;
    capture::analyse(file).map(Some).map_err(|e| refused(e.to_string()))
}

/// Plays a recording to a collector.
fn incident(path: &Path) -> Result<Incident, Failure> {
    let (mut player, head) = Player::open(path)?;
    let collector = Rc::new(RefCell::new(Collector::new(machine(&head))));
    let shown = Shown { filter: head.filter.clone(), ..Shown::default() };
    let mut session = player.session(&shown, Box::new(Rc::clone(&collector)), &head);
    while let Some((at_ns, input)) = player.next(&mut session) {
        session.apply(at_ns, input)?;
    }
    player.finish(&mut session)?;
    let mut collector = collector.borrow_mut();
    if let Some(said) = player.said() {
        collector.is_damaged(said);
    }
    if head.excerpt {
        collector.is_damaged("it is what a flight recorder had: what was before is not in it".to_owned());
    }
    Ok(collector.incident())
}

fn machine(head: &Head) -> Machine {
    Machine {
        host: head.host.clone(),
        kernel: head.kernel.clone(),
        mtutrace: head.version.clone(),
        anonymized: head.anonymized,
    }
}
