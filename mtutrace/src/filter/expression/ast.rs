//! The syntax tree of an expression, and how it matches a flow.
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::model::Flow;

/// Which end of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum End {
    Either,
    Source,
    Destination,
}

/// A condition on a flow, as it was where the packet was seen (NAT renames it on the way).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Expression {
    /// Both.
    And(Box<Expression>, Box<Expression>),
    /// One of them.
    Or(Box<Expression>, Box<Expression>),
    /// Not this.
    Not(Box<Expression>),
    /// A single condition.
    Is(Condition),
}

/// A single condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Condition(pub(super) What);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    Net(End, IpNet),
    Port(End, RangeInclusive<u16>),
    /// IP protocol number.
    Protocol(u8),
    Ipv4,
    Ipv6,
}

impl Expression {
    /// Whether the flow is meant.
    pub(crate) fn matches(&self, flow: &Flow) -> bool {
        match self {
            Expression::And(a, b) => a.matches(flow) && b.matches(flow),
            Expression::Or(a, b) => a.matches(flow) || b.matches(flow),
            Expression::Not(inner) => !inner.matches(flow),
            Expression::Is(Condition(what)) => what.matches(flow),
        }
    }
}

impl What {
    fn matches(&self, flow: &Flow) -> bool {
        match self {
            What::Net(end, net) => end.any(flow, |address| net.contains(&address.ip())),
            // An event without ports has port 0.
            What::Port(end, ports) => {
                end.any(flow, |address| address.port() != 0 && ports.contains(&address.port()))
            }
            What::Protocol(number) => flow.protocol == *number,
            What::Ipv4 => flow.src.is_ipv4(),
            What::Ipv6 => flow.src.is_ipv6(),
        }
    }
}

impl End {
    fn any(self, flow: &Flow, meant: impl Fn(&SocketAddr) -> bool) -> bool {
        (self != End::Destination && meant(&flow.src)) || (self != End::Source && meant(&flow.dst))
    }
}
