//! Kernel hooks are defined here, one file a signal, under the names of `mtutrace-common/src/event`.
mod drop;
mod drop_local;
mod drop_tunnel;
mod empty;
mod fragment;
mod icmp;
mod oversized;
mod pmtu;
mod retransmit;
mod sack;
mod syn;
mod tc;
