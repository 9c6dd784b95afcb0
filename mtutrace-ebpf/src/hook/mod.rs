//! Kernel hooks are defined here, one file a signal, under the names of `mtutrace-common/src/event`.
mod drop;
mod empty;
mod fragment;
mod icmp;
mod oversized;
mod retransmit;
mod syn;
mod tc;
