//! `mtutrace map`: the MTUs of the node in one scan, each container's egress path hop by hop. Loads nothing into the
//! kernel, so that it can run before a pipeline does.
pub(crate) mod json;
mod stats;
mod text;
mod tree;
mod view;

use std::io::{self, Write};
use std::time::Instant;

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::sight;
use crate::discovery::scan::Discovery;
use crate::filter::select::absent_of;
use crate::kernel::capability::LOOKING;
use crate::kernel::privileges;
use crate::output::colour::wants_colour;
use crate::output::format::Format;
use crate::telemetry::cost;
use stats::ScanStats;
use tree::Tree;
pub(crate) use view::View;

/// Options of `map`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Output format.
    pub(crate) output: Format,
    /// Only these containers and those inside them, by the start of an id or by name; all if empty.
    pub(crate) containers: Vec<String>,
    /// How much the text shows.
    pub(crate) view: View,
}

/// Draws the map of the node as it is now.
///
/// # Errors
/// When the command line names a container that is not there, or the node cannot be looked at.
pub(crate) fn map(options: &Options) -> Result<Outcome, Failure> {
    let start = Instant::now();
    let missing = LOOKING.missing();
    if !missing.is_empty() {
        return Err(Failure::Machine(LOOKING.explain(&missing)));
    }
    privileges::keep_only(&LOOKING, &[]);
    privileges::refuse_calls();
    let Discovery { topology, visibility, .. } = Discovery::once()?;
    sight::check(visibility)?;
    let (node, unreadable) = (topology.node(), topology.unreadable());
    if node.netns.is_empty() {
        let why = unreadable.values().next().map_or("/proc lists none", String::as_str);
        return Err(Failure::Machine(format!("cannot read any network namespace: {why}")));
    }
    for (netns, why) in unreadable {
        tracing::warn!("skipping network namespace {netns}: {}", crate::output::escape::escape(why));
    }
    if let Some((absent, known)) = absent_of(&options.containers, &[], node) {
        return Err(Failure::Usage(format!("no container {absent}; known: {known}")));
    }
    let mut tree = Tree::new(node, &options.containers);
    tree.add_unreadable(unreadable);
    let stats = ScanStats {
        namespaces: node.netns.len(),
        unreadable: unreadable.len(),
        took: start.elapsed(),
        pid_namespace: visibility.part(),
        memory: cost::process().ok().map(|(_, memory)| memory),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match options.output {
        Format::Text => text::write(&mut out, &tree, &stats, options.view, wants_colour()),
        Format::Json => json::write(&mut out, &tree, &stats),
    };
    match written.and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(e)),
        _ if tree.mismatches() > 0 => Ok(Outcome::Problem),
        _ => Ok(Outcome::Nothing),
    }
}
