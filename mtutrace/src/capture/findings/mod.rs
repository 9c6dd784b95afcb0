//! Facts become sentences, bounds and an exit code.

mod harmless;
mod limits;
mod lists;
mod output;
mod pieces;
mod stalls;
mod told;
mod words;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

pub use output::{
    CaptureFacts, Confidence, ConnectionFacts, Finding, FindingKind, Findings, FragmentFacts, InterfaceFacts,
    LeftOut, PathFacts, StallFacts, TooBigFacts, WayFacts,
};

use super::facts::{Connection, Facts};
use super::read::Source;

/// Entries of each list.
const LIST: usize = 20;
const FINDINGS: usize = 50;

/// Judges a capture that was read to its end.
pub(super) fn judge(facts: &Facts, source: &Source) -> Findings {
    let mut findings = sentences(facts, source);
    findings.sort_by_key(|finding| (!finding.problem, finding.confidence, finding.kind));
    let problem = findings.iter().any(|finding| finding.problem);
    let too_many = findings.len().saturating_sub(FINDINGS);
    findings.truncate(FINDINGS);

    let mut connections = facts.ended.iter().collect::<Vec<_>>();
    connections
        .sort_by_key(|connection| (Reverse(connection.trouble()), connection.first_ns, connection.ends()));
    let mut paths = facts.paths.iter().collect::<Vec<_>>();
    paths.sort_by_key(|(ends, path)| (Reverse(path.packets), **ends));
    let mut paths = paths.into_iter().map(|(ends, path)| lists::path(facts, *ends, path)).collect::<Vec<_>>();
    // Those with an upper bound first.
    paths.sort_by_key(|path| path.less_than.is_none());
    let paths_beyond = paths.len().saturating_sub(LIST) as u64;
    paths.truncate(LIST);
    let mut told = facts.told.iter().collect::<Vec<_>>();
    told.sort_by_key(|(ends, told)| (Reverse(told.times), **ends));
    let mut cut = facts.fragments.iter().collect::<Vec<_>>();
    cut.sort_by_key(|(ends, cut)| (Reverse(cut.datagrams), **ends));
    let connections_beyond = connections.len().saturating_sub(LIST) as u64;
    Findings {
        partial: true,
        problem,
        findings,
        connections: connections.into_iter().take(LIST).map(|one| lists::connection(one, source)).collect(),
        paths,
        too_big: told.iter().take(LIST).map(|(ends, told)| told::facts(**ends, told)).collect(),
        fragments: cut.iter().take(LIST).map(|(ends, cut)| pieces::facts(**ends, cut)).collect(),
        capture: lists::capture(facts, source),
        cannot_say: limits::cannot_say(facts, source),
        left_out: LeftOut {
            connections: facts.connections_left_out + connections_beyond,
            paths: facts.paths.left_out() + paths_beyond,
            too_big: facts.told.left_out + told.len().saturating_sub(LIST) as u64,
            fragments: facts.fragments.left_out,
            findings: too_many as u64,
        },
    }
}

fn sentences(facts: &Facts, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let stalled = |connection: &Connection| {
        connection.to_server.stall().is_some() || connection.to_client.stall().is_some()
    };
    let told_already =
        facts.ended.iter().filter(|one| stalled(one)).map(Connection::ends).collect::<HashSet<_>>();
    let came_by =
        facts.ended.iter().filter(|one| stalled(one)).filter_map(|one| one.also).collect::<HashSet<_>>();
    let by_ends = facts.ended.iter().map(|one| (one.ends(), one)).collect::<HashMap<_, _>>();
    let renamed = facts.ended.iter().filter_map(|one| one.also).collect::<HashSet<_>>();
    for connection in &facts.ended {
        // Behind NAT it is the same connection once more.
        let twice = connection.also.is_some_and(|also| told_already.contains(&also));
        let before = connection.also.and_then(|also| by_ends.get(&also)).map(|one| one.ways());
        for (at, (way, back, src, dst)) in connection.ways().into_iter().enumerate() {
            if !twice {
                let came_by = came_by.contains(&connection.ends());
                findings.extend(stalls::judge(facts, connection, (way, back), (src, dst), came_by));
            }
            findings.extend(harmless::went_smaller(way, src, dst));
            // Of what is sent in vain it is said above.
            if way.stall().is_none() {
                findings.extend(harmless::damaged(way, src, dst));
            }
            // With what it is called behind NAT, once.
            if !renamed.contains(&connection.ends()) {
                let before = before.and_then(|ways| ways.get(at).map(|(way, ..)| *way));
                findings.extend(harmless::clamped(way, before, source, (src, dst)));
            }
        }
    }
    findings.extend(facts.told.iter().map(|(ends, told)| told::judge(*ends, told)));
    findings.extend(facts.fragments.iter().map(|(ends, cut)| pieces::judge(*ends, cut)));
    findings.extend(harmless::before_segmentation(facts));
    findings
}
