//! What a capture cannot say, and this one in particular.

use super::words::{count, number};
use crate::capture::facts::Facts;
use crate::capture::packet::Unread;
use crate::capture::read::Source;

pub(super) fn cannot_say(facts: &Facts, source: &Source) -> Vec<String> {
    let mut all = vec![
        "Which container or pod it was: packets have addresses only.".to_owned(),
        "Which MTU is configured wrongly, and where: a capture knows no devices beyond its own interfaces."
            .to_owned(),
        "Why a packet was dropped: a capture shows that it is gone, not the kernel's reason.".to_owned(),
    ];
    if facts.snapped > 0 {
        all.push(format!(
            "What stood behind the snaplen: {} of {} were cut; sizes are those on the wire.",
            number(facts.snapped),
            count(facts.packets, "packet")
        ));
    }
    let dropped = source.interfaces.iter().filter_map(|one| one.dropped).collect::<Vec<_>>();
    match dropped.iter().fold(0_u64, |sum, one| sum.saturating_add(*one)) {
        0 if dropped.is_empty() => {
            all.push("How many packets the capture itself lost: the file does not say.".to_owned());
        }
        0 => {}
        lost => all.push(format!("What was in the {} that the capture itself lost.", count(lost, "packet"))),
    }
    if let Some(damage) = &source.damage {
        all.push(format!("What came after the damage: {damage}."));
    }
    let unknown = facts.unread.get(&Unread::LinkType).copied().unwrap_or(0);
    if unknown > 0 {
        all.push(format!("What is in {} of link types that are not known here.", count(unknown, "packet")));
    }
    if facts.ended.iter().any(|one| one.to_server.mss.is_none() && one.to_client.mss.is_none()) {
        all.push(
            "What some connections agreed on: they began before the capture, so their MSS is not in it."
                .to_owned(),
        );
    }
    all
}
