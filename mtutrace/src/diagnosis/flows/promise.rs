//! What both sides of a connection promise to take, by their SYN and SYN-ACK on the way. Pure.
use crate::model::{Flow, NetnsId};

/// Most places of one SYN: two for each device of a path of 16 hops.
const SIGHTINGS: usize = 32;

/// A connection's SYN at one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SynObservation {
    /// CLOCK_MONOTONIC, nanoseconds.
    pub(crate) time_ns: u64,
    /// Namespace of the device.
    pub(crate) netns: NetnsId,
    /// Device.
    pub(crate) ifindex: u32,
    /// Leaving the device.
    pub(crate) egress: bool,
    /// Namespace of the device's other end, if it has one: nothing between the two renames a flow, so that the
    /// stack there knows the connection by the same name, whether or not a device of its own is watched.
    pub(crate) peer: Option<NetnsId>,
    /// The connection's name here, client first.
    pub(crate) flow: Flow,
    /// MSS that the SYN offers here (a router on the way may have clamped it).
    pub(crate) mss: Option<u32>,
    /// Somebody may have forged it: nobody can tell who sent it.
    pub(crate) forged: bool,
}

/// A SYN or a SYN-ACK on its way: what one side promises to take.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdvertisedMss {
    first: Option<SynObservation>,
    last: Option<SynObservation>,
    /// Where it was seen, as hashes.
    places: Vec<u64>,
    pub(super) judged: bool,
}

impl AdvertisedMss {
    /// Where it was seen first: nearest to who sent it.
    pub(crate) fn first(&self) -> Option<&SynObservation> {
        self.first.as_ref()
    }

    /// Where it was seen last: nearest to who gets it.
    pub(crate) fn last(&self) -> Option<&SynObservation> {
        self.last.as_ref()
    }

    /// Notes where it is, and that place's hash; false if that is known (it came again), or enough is.
    pub(super) fn add(&mut self, sighting: SynObservation, place: u64) -> bool {
        if self.places.len() >= SIGHTINGS || self.places.contains(&place) {
            return false;
        }
        self.places.push(place);
        // Records of different CPUs may come out of order.
        if self.first.is_none_or(|first| sighting.time_ns < first.time_ns) {
            self.first = Some(sighting);
        }
        if self.last.is_none_or(|last| sighting.time_ns >= last.time_ns) {
            self.last = Some(sighting);
        }
        true
    }
}

/// Which side of a connection promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TcpRole {
    /// By its SYN.
    Client,
    /// By its SYN-ACK.
    Server,
}

impl TcpRole {
    /// The other side.
    pub(crate) fn other(self) -> TcpRole {
        match self {
            TcpRole::Client => TcpRole::Server,
            TcpRole::Server => TcpRole::Client,
        }
    }
}

/// What a server promises.
#[derive(Clone, Debug, Default)]
pub(super) enum Answer {
    /// No SYN-ACK was seen.
    #[default]
    None,
    /// It is on its way.
    Passing(Box<AdvertisedMss>),
    /// It has arrived: of what a node remembers of many connections, where that was is no part.
    Settled {
        /// The MSS that the first device saw.
        first: Option<u32>,
        /// The same, the last one.
        last: Option<u32>,
    },
}

impl Answer {
    /// MSS as the first device saw it.
    pub(super) fn first_mss(&self) -> Option<u32> {
        match self {
            Answer::None => None,
            Answer::Passing(promise) => promise.first()?.mss,
            Answer::Settled { first, .. } => *first,
        }
    }

    /// The same, the last one.
    pub(super) fn last_mss(&self) -> Option<u32> {
        match self {
            Answer::None => None,
            Answer::Passing(promise) => promise.last()?.mss,
            Answer::Settled { last, .. } => *last,
        }
    }

    /// While it is on its way.
    pub(super) fn passing(&self) -> Option<&AdvertisedMss> {
        match self {
            Answer::Passing(promise) => Some(promise),
            Answer::None | Answer::Settled { .. } => None,
        }
    }

    /// It has arrived; what it was until then.
    pub(super) fn settle(&mut self) -> Option<AdvertisedMss> {
        let settled = Answer::Settled { first: self.first_mss(), last: self.last_mss() };
        match std::mem::replace(self, settled) {
            Answer::Passing(promise) => Some(*promise),
            Answer::None | Answer::Settled { .. } => None,
        }
    }
}
