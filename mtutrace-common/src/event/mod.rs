//! One record type a signal; the hook that fills it has the same file name in `mtutrace-ebpf/src/hook`.

mod drop;
mod fragment;
mod icmp;
mod oversized;
mod pmtu;
mod retransmit;
mod sack;
mod syn;

pub use drop::DropEvent;
pub use fragment::FragmentEvent;
pub use icmp::IcmpEvent;
pub use oversized::OversizedEvent;
pub use pmtu::PmtuEvent;
pub use retransmit::RetransmitEvent;
pub use sack::SackEvent;
pub use syn::SynEvent;
