//! The incidents that are followed, within a bound. Pure.
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::incident::Incident;
use crate::model::{DeviceId, Ended, NetnsId, NetnsKey, Severity, Verdict};

/// A container and its bottleneck.
pub(super) type IncidentKey = (NetnsKey, DeviceId);

/// Most incidents.
const INCIDENTS: usize = 4096;
/// Most of one container: it has few egress paths.
const SHARE: usize = 64;
/// As many are evicted at a time, so that a flood of new ones does not go over all of them each time.
const BATCH: usize = INCIDENTS / 8;

/// All of them, by container and bottleneck.
///
/// When there are too many, those go first that say nothing yet or no more, then the least severe, and among equals
/// those that were not seen for longest. What stalls traffic stays: then a new one is refused.
#[derive(Default)]
pub(super) struct Incidents {
    all: BTreeMap<IncidentKey, Incident>,
    ended: Vec<Verdict>,
    dropped: u64,
}

impl Incidents {
    /// The devices at which packets die silently.
    pub(super) fn silent_at(&self) -> BTreeSet<DeviceId> {
        let active = self.values().filter(|incident| incident.is_active());
        active.filter_map(|incident| Some(incident.evidence.silent?.narrow)).collect()
    }

    /// Whether one of an owner's MTUs is wrong, and something came of it: that explains all else. So does an obstacle of which
    /// a verdict stands, and no other: a datagram that probed the path explains no stall.
    pub(super) fn is_active(&self, owner: NetnsKey) -> bool {
        let counts = |incident: &Incident| incident.evidence.obstacle.is_none() || incident.stated.is_some();
        self.of(owner).any(|(_, incident)| incident.is_active() && counts(incident))
    }

    /// Whether it was said of an owner that a number of this node makes more than `limit` bytes (L3) too big, and a connection that
    /// began at `begun_ns` (CLOCK_MONOTONIC; absent: before the run) is older than the fix, or it is being fixed.
    pub(super) fn is_older_than_fix(&self, owner: NetnsKey, begun_ns: Option<u64>, limit: u32) -> bool {
        self.of(owner).any(|(_, incident)| {
            let Evidence { silent, obstacle, mismatch, .. } = &incident.evidence;
            let told = incident.stated.is_some() && silent.is_none() && obstacle.is_none();
            let older = |fixed_ns| begun_ns.is_none_or(|begun_ns| begun_ns <= fixed_ns);
            told && mismatch.bottleneck.mtu <= limit && incident.fixed_ns().is_none_or(older)
        })
    }

    /// Those that the model explains and that are not over, and whether a verdict stands about them.
    pub(super) fn modelled(&self) -> BTreeMap<IncidentKey, bool> {
        let active = self.iter().filter(|(_, incident)| incident.is_active());
        let modelled = active.filter(|(_, incident)| incident.evidence.obstacle.is_none());
        modelled.map(|(key, incident)| (*key, incident.stated.is_some())).collect()
    }

    /// The incident, made if there is none; absent when there is no room for it.
    pub(super) fn entry(
        &mut self,
        key: IncidentKey,
        new: impl FnOnce() -> Incident,
    ) -> Option<&mut Incident> {
        if !self.all.contains_key(&key) && !self.make_room(key.0) {
            self.dropped += 1;
            return None;
        }
        Some(self.all.entry(key).or_insert_with(new))
    }

    /// The incidents of one container.
    pub(super) fn of(&self, owner: NetnsKey) -> impl Iterator<Item = (&IncidentKey, &Incident)> {
        let first = DeviceId { netns: NetnsId(0), ifindex: 0 };
        self.all.range((owner, first)..).take_while(move |((whose, _), _)| *whose == owner)
    }

    /// The ends of verdicts whose incident was evicted since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<Verdict> {
        std::mem::take(&mut self.ended)
    }

    /// How many were evicted or refused.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn make_room(&mut self, owner: NetnsKey) -> bool {
        if self.of(owner).nth(SHARE - 1).is_some() {
            let evictable = self.of(owner).filter_map(|(key, incident)| Some((rank(incident)?, *key)));
            let Some((_, least)) = evictable.min() else { return false };
            self.evict(least);
        } else if self.all.len() >= INCIDENTS {
            let evictable = self.all.iter().filter_map(|(key, incident)| Some((rank(incident)?, *key)));
            let mut evictable: Vec<_> = evictable.collect();
            evictable.sort_unstable();
            evictable.iter().take(BATCH).for_each(|(_, key)| self.evict(*key));
        }
        self.all.len() < INCIDENTS
    }

    fn evict(&mut self, key: IncidentKey) {
        if let Some(incident) = self.all.remove(&key) {
            self.ended.extend(incident.end(Ended::Quiet));
            self.dropped += 1;
        }
    }
}

/// The smallest goes first; absent for what must stay.
fn rank(incident: &Incident) -> Option<(Option<Severity>, u64)> {
    let severity = incident.stated.as_ref().filter(|stated| stated.active).map(|stated| stated.severity);
    (severity < Some(Severity::Critical)).then_some((severity, incident.evidence.last_ns))
}

impl Deref for Incidents {
    type Target = BTreeMap<IncidentKey, Incident>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl DerefMut for Incidents {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{VerdictId, VerdictKind};
    use crate::testing::node::incident;
    use crate::topology::mismatch;

    fn key(netns: u32, ifindex: u32) -> IncidentKey {
        let owner = NetnsKey { id: NetnsId(netns), generation: 1 };
        (owner, DeviceId { netns: NetnsId(1), ifindex })
    }

    fn seen(time_ns: u64, severity: Option<Severity>) -> Incident {
        let remote = "192.0.2.10".parse().unwrap();
        let wrong = mismatch(&incident().0, NetnsId(3), Some(remote)).unwrap();
        let stated = severity.map(|severity| Verdict {
            id: VerdictId::of(time_ns),
            since_ns: time_ns,
            replaces: None,
            kind: VerdictKind::MtuMismatch,
            severity,
            active: true,
            ended: None,
            container: None,
            culprit: None,
            bottleneck: None,
            path: Vec::new(),
            summary: String::new(),
            evidence: Vec::new(),
            facts: crate::model::Facts::new(),
            fix: Vec::new(),
        });
        let mut incident = Incident::new(key(3, 0).0, wrong, remote, time_ns);
        incident.stated = stated;
        incident
    }

    #[test]
    fn one_container_cannot_push_out_the_others() {
        let mut incidents = Incidents::default();
        incidents.entry(key(1, 0), || seen(0, None)).unwrap();
        for ifindex in 0..10_000 {
            let at = u64::from(ifindex);
            let severity = (ifindex == 3).then_some(Severity::Warning);
            assert!(incidents.entry(key(2, ifindex), || seen(at, severity)).is_some());
        }
        assert_eq!((incidents.len(), incidents.dropped()), (1 + SHARE, 10_000 - SHARE as u64));
        assert!(incidents.contains_key(&key(1, 0)));
        assert!(incidents.contains_key(&key(2, 3)), "what has a verdict stays longer");
        assert!(incidents.take_ended().is_empty());
    }

    #[test]
    fn the_least_severe_go_first_and_what_stalls_traffic_stays() {
        let mut incidents = Incidents::default();
        let total = INCIDENTS as u32;
        for netns in 0..total {
            let severity = if netns == 7 { Severity::Warning } else { Severity::Critical };
            incidents.entry(key(netns, 0), || seen(u64::from(netns), Some(severity))).unwrap();
        }
        assert!(incidents.entry(key(total, 0), || seen(0, None)).is_some());
        let ended = incidents.take_ended();
        assert_eq!(
            ended.iter().map(|v| (v.active, v.ended)).collect::<Vec<_>>(),
            [(false, Some(Ended::Quiet))]
        );
        assert!(!incidents.contains_key(&key(7, 0)));
        incidents.get_mut(&key(total, 0)).unwrap().stated = seen(0, Some(Severity::Critical)).stated;
        assert!(incidents.entry(key(total + 1, 0), || seen(0, None)).is_none(), "no room for it");
        assert!(incidents.entry(key(3, 0), || seen(0, None)).is_some(), "it is known");
        assert_eq!((incidents.len(), incidents.dropped()), (INCIDENTS, 2));
    }

    #[test]
    fn room_is_made_for_many_at_once() {
        let mut incidents = Incidents::default();
        for netns in 0..=INCIDENTS as u32 {
            incidents.entry(key(netns, 0), || seen(u64::from(netns), None)).unwrap();
        }
        assert_eq!((incidents.len(), incidents.dropped()), (INCIDENTS - BATCH + 1, BATCH as u64));
        assert!(!incidents.contains_key(&key(BATCH as u32 - 1, 0)), "the oldest are gone");
    }
}
