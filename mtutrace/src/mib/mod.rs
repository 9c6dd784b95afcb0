//! The kernel's own counters of packets that were too big (the SNMP MIB of each network namespace: RFC 4293, RFC 4443).
//! They cross-check the hooks, and stand in for those that are missing. Bridge ports, veths and tunnels count in none
//! of them, but some do in the statistics of the device ([`device`]).
//!
//! [`parse`] reads the text of /proc, [`delta`] turns readings into what moved since the start of the run, [`reconcile`]
//! puts that into the reports, beside what the hooks saw ([`observed`]). All of these are pure; [`reader`] is the edge.
pub(crate) mod delta;
pub(crate) mod device;
pub(crate) mod observed;
pub(crate) mod parse;
pub(crate) mod reader;
pub(crate) mod reconcile;
