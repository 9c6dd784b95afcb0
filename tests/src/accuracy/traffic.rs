//! What a case sends.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::case::{Case, Kind, Manner, Numbers, Traffic};
use super::chain::Chain;
use crate::lab::datagrams::{Discovery, udp_send};
use crate::lab::netns::NetNs;
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
/// Holes are looked at for so long before they count as ones that stay.
const HOLE: Duration = Duration::from_secs(6);
const OUTAGE: Duration = Duration::from_millis(1500);
/// When an outage begins: the transfer is under way by then.
const UNDER_WAY: Duration = Duration::from_millis(300);

const DROP_ALL: &str = "
table inet lab_outage {
    chain forward {
        type filter hook forward priority -10;
        drop
    }
}";

/// Waits until one byte gets through for each kind of traffic.
pub(super) fn await_ready(case: &Case, chain: &Chain) -> Result<()> {
    for one in &case.traffic {
        let place = chain.place(case, one.from.as_deref())?;
        let url = format!("http://{}/1", with_port(chain.target(case, one)?, one.port));
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
    let host = chain.target(case, one)?;
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
    (0..count).try_for_each(|number| {
        if number > 0 {
            std::thread::sleep(Duration::from_millis(one.apart_ms));
        }
        udp_send(place, &to, payload, 1, discovery).map(drop)
    })
}

fn transfer(case: &Case, one: &Traffic, chain: &Chain, host: &str) -> Result<()> {
    let place = chain.place(case, one.from.as_deref())?;
    let beyond = case.expect.as_ref().is_some_and(|expect| expect.culprit.is_none());
    let patience = match one.completes {
        Some(true) => PATIENCE,
        _ if beyond => HOLE,
        _ => STALLED,
    };
    let patience = wait::patient(patience);
    let bytes = one.bytes.unwrap_or(BYTES);
    let host = with_port(host.to_owned(), one.port.or((one.server == Manner::Refuse).then_some(81)));
    let url = format!("http://{host}/{bytes}{}", one.server.path());
    let mut transfer = match one.kind {
        Kind::Upload => Transfer::put(place, &format!("http://{host}/0"), bytes, patience)?,
        _ => Transfer::read(place, &url, patience, one.reader.option())?,
    };
    if let Some(hop) = &one.outage {
        outage(chain.netns(case, hop)?)?;
    }
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

fn with_port(host: String, port: Option<u16>) -> String {
    port.map_or(host.clone(), |port| format!("{host}:{port}"))
}

/// Nothing passes for a while.
fn outage(router: &NetNs) -> Result<()> {
    std::thread::sleep(UNDER_WAY);
    router.nft(DROP_ALL)?;
    std::thread::sleep(OUTAGE);
    router.nft("delete table inet lab_outage")
}
