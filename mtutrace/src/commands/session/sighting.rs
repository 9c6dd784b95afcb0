//! The packets that a session was told of, for whoever records them.
use crate::model::{AttributedEvent, Event};

/// A packet at one place.
#[derive(Clone, Debug)]
pub(crate) enum Sighting {
    /// One that is reported, with its owner.
    Reported(AttributedEvent),
    /// One that was reported before, from elsewhere.
    Repeated(Event),
}

/// Those since the last call of [`Sightings::take`], if anybody wants them.
#[derive(Debug, Default)]
pub(crate) struct Sightings(Option<Vec<Sighting>>);

impl Sightings {
    /// Keeps them from now on: they must be taken.
    pub(crate) fn keep(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Those that came.
    pub(crate) fn take(&mut self) -> Vec<Sighting> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn first(&mut self, attributed: &AttributedEvent) {
        if let Some(kept) = &mut self.0 {
            kept.push(Sighting::Reported(attributed.clone()));
        }
    }

    pub(super) fn repeated(&mut self, event: Option<Event>) {
        if let (Some(kept), Some(event)) = (&mut self.0, event) {
            kept.push(Sighting::Repeated(event));
        }
    }
}
