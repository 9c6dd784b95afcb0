//! Kernel hooks are defined here, one file a signal, named as in `mtutrace-common/src/event.rs`.
mod drop;
mod drop_local;
mod drop_tunnel;
mod empty;
mod fdb;
mod fragment;
mod icmp;
mod options;
mod oversized;
mod pmtu;
mod retransmit;
mod sack;
mod seen;
mod syn;
mod tc;
