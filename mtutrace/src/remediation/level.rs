//! Two devices that face each other get the same MTU.
use super::fix::{now, ranked};
use super::shell::{enter, quote};
use crate::model::{Fix, Hop, Mismatch, Node};
use crate::topology;

/// The remedies for two devices that face each other: the same MTU on both, that of the narrow one's neighbours where it
/// is the one that differs.
pub(crate) fn level(m: &Mismatch, node: &Node) -> Vec<Fix> {
    let set = |hop: &Hop, mtu: u32, what: &str| {
        let set = |mtu: u32| {
            format!("{}ip link set dev {} mtu {mtu}", enter(hop.netns, node), quote(&hop.interface))
        };
        now("on this node, as root", what, set(mtu), set(hop.mtu))
    };
    if let (Some(wide), Some(carries)) = (m.path.first(), topology::odd_port(node, m.culprit.id())) {
        let raised = carries.min(wide.mtu);
        return ranked(vec![
            set(
                &m.culprit,
                raised,
                "raise it to the MTU of its neighbours; set the same in the configuration that created it",
            ),
            set(wide, m.bottleneck.mtu, "or lower the sender's MTU, if the network behind carries no more"),
        ]);
    }
    ranked(vec![
        set(
            &m.culprit,
            m.bottleneck.mtu,
            "lower it to the MTU of the device it faces; set the same in the configuration that created it",
        ),
        set(
            &m.bottleneck,
            m.culprit.mtu,
            "or raise the other one, if the whole network behind carries that much",
        ),
    ])
}
