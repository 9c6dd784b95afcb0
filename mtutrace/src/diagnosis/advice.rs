//! Which MTU to set, and why. What comes from outside is escaped where it is printed, not here.
use crate::model::{Mismatch, Node, describe};
use crate::topology::{Underlay, odd_port};

/// The sentence about a mismatch; `below` is what carries the tunnel whose own number is wrong, `silent` that two devices
/// face each other and drop without a word.
pub(super) fn of(m: &Mismatch, below: Option<&Underlay>, silent: bool, node: &Node) -> String {
    let narrow = below.map_or(&m.bottleneck, |below| &below.device);
    let (culprit, name) = (describe::device(&m.culprit, node), &m.culprit.interface);
    let faces = silent || below.is_none() && m.culprit.id() == m.bottleneck.id();
    let odd = faces.then(|| odd_port(node, m.bottleneck.id())).flatten();
    if let Some((carries, wide)) = odd.zip(m.path.first()) {
        return format!(
            "Set the MTU of {culprit} to {}: its neighbours carry {carries}, and {} sends up to {} ({name} has {})",
            carries.min(wide.mtu),
            describe::device(wide, node),
            wide.mtu,
            m.culprit.mtu
        );
    }
    if let Some((below, learnt)) = below.and_then(|below| Some((below, below.learnt?))) {
        return format!(
            "The node has learnt a path MTU of {} towards {}, the tunnel's other end: with {} bytes of tunnel headers only {} bytes fit \
             ({name} has {}). Forget it, or set the MTU of {culprit} to {}",
            learnt.mtu, learnt.destination, below.overhead, below.fits, m.culprit.mtu, below.fits
        );
    }
    let limit = match below {
        Some(below) => format!("with {} bytes of tunnel headers, the underlay device", below.overhead),
        None if silent => "the device it faces,".to_owned(),
        None => "the egress device".to_owned(),
    };
    format!(
        "Set the MTU of {culprit} to {}: {limit} {} carries only {} ({name} has {})",
        m.bottleneck.mtu,
        describe::device(narrow, node),
        narrow.mtu,
        m.culprit.mtu
    )
}
