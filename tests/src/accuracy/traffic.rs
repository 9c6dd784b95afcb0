//! What a case sends.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::case::{Case, Kind, Manner, Numbers, Traffic};
use super::chain::Chain;
use crate::lab::datagrams::{Discovery, udp_send};
use crate::lab::traffic::Transfer;
use crate::lab::wait;

/// Bytes of a transfer; enough for super-packets.
const BYTES: usize = 300_000;
const DATAGRAMS: u64 = 5;
const READY: Duration = Duration::from_secs(15);
/// A transfer that gets through moves something within this.
const PATIENCE: Duration = Duration::from_secs(10);
/// One that doesn't is not waited for longer: retransmits after 0.2, 0.4 and 0.8 seconds are over.
const STALLED: Duration = Duration::from_secs(3);

/// Waits until one byte gets through for each kind of traffic.
pub(super) fn await_ready(case: &Case, chain: &Chain) -> Result<()> {
    for one in &case.traffic {
        let place = chain.place(case, one.from.as_deref())?;
        let url = format!("http://{}/1", chain.url_host(case, one.to.as_deref(), one.family())?);
        wait::until("the first answer in the lab", READY, || {
            let mut probe = Transfer::get(place, &url, Duration::from_secs(2))?;
            Ok(probe.finish()?.complete.then_some(()))
        })?;
    }
    Ok(())
}

/// Sends everything; an error if the lab does not behave as the case says.
pub(super) fn send(case: &Case, numbers: &Numbers, chain: &Chain) -> Result<()> {
    case.traffic.iter().try_for_each(|one| send_one(case, one, numbers, chain))
}

fn send_one(case: &Case, one: &Traffic, numbers: &Numbers, chain: &Chain) -> Result<()> {
    let place = chain.place(case, one.from.as_deref())?;
    let host = chain.url_host(case, one.to.as_deref(), one.family())?;
    let discovery = match one.kind {
        Kind::Download | Kind::Upload => return transfer(case, one, chain, &host),
        Kind::Udp => Discovery::Fragment,
        Kind::UdpDf => Discovery::Df,
        Kind::UdpProbe => Discovery::Probe,
    };
    // Nobody listens on the port of `discard`.
    let (to, count) = (format!("{host}:9"), one.count.unwrap_or(DATAGRAMS));
    let payload = one.payload(numbers)?;
    // One at a time, so that each one meets what the path has taught the kernel meanwhile.
    (0..count).try_for_each(|_| udp_send(place, &to, payload, 1, discovery).map(drop))
}

fn transfer(case: &Case, one: &Traffic, chain: &Chain, host: &str) -> Result<()> {
    let place = chain.place(case, one.from.as_deref())?;
    let patience = if one.completes == Some(true) { PATIENCE } else { STALLED };
    let patience = wait::patient(patience);
    let bytes = one.bytes.unwrap_or(BYTES);
    let mut transfer = match (one.kind, one.server) {
        (Kind::Upload, _) => Transfer::put(place, &format!("http://{host}/0"), bytes, patience)?,
        (_, Manner::Prompt) => Transfer::get(place, &format!("http://{host}/{bytes}"), patience)?,
        (_, Manner::Slow) => Transfer::get(place, &format!("http://{host}/{bytes}/slow"), patience)?,
        (_, Manner::Reset) => Transfer::get(place, &format!("http://{host}/{bytes}/reset"), patience)?,
        (_, Manner::Refuse) => Transfer::get(place, &format!("http://{host}:81/{bytes}"), patience)?,
    };
    let outcome = transfer.finish()?;
    if let Some(completes) = one.completes {
        ensure!(
            outcome.complete == completes,
            "the lab is not what it should be: {:?}: {outcome:?}",
            one.kind
        );
    }
    Ok(())
}
