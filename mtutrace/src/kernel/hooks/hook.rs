//! What the registry says of a hook.
use mtutrace_common::config::DropCause;
use mtutrace_common::{HookId, Place};

use crate::model::SignalKind;

/// One hook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hook {
    /// Programs of the BPF object, each with the id that its records carry and that says where it goes. A classifier has
    /// one for devices with Ethernet headers and one for those without.
    pub(crate) programs: &'static [(HookId, &'static str)],
    /// Of several hooks with one role only the first that works is attached, or packets would count twice; no role: it is
    /// always attached.
    pub(crate) role: &'static str,
    /// What it sees.
    pub(crate) signals: &'static [SignalKind],
    /// Of [`SignalKind::Drop`], the causes that it sees.
    pub(crate) causes: &'static [DropCause],
    /// Kernel fields that it cannot do without (as in [`crate::kernel::offsets`]).
    pub(crate) needs: &'static [&'static str],
    /// What it cannot see.
    pub(crate) limitations: &'static str,
}

impl Hook {
    /// The first of its ids, which gives it its name.
    pub(super) fn id(&self) -> Option<HookId> {
        self.programs.first().map(|(id, _)| *id)
    }

    /// Its name in reports.
    pub(crate) fn name(&self) -> &'static str {
        self.id().map_or("unknown", HookId::name)
    }

    /// Where its first program goes; the others go to places of the same kind.
    pub(crate) fn place(&self) -> Option<Place> {
        self.id().map(HookId::place)
    }
}
