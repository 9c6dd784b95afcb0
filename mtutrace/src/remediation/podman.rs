//! podman: its default network is a file, others are made anew.
//!
//! podman-network-create(1), podman-network-rm(1)
use super::{Facts, fix, quote};
use crate::model::{Fix, LinkKind};

/// The remedies for a network of podman.
pub(super) fn network(facts: &Facts<'_>) -> Vec<Fix> {
    let (mtu, culprit) = (facts.mtu, &facts.m.culprit);
    let place = facts.place("podman");
    if culprit.kind != LinkKind::Bridge {
        return vec![fix(
            &place,
            "make a network with the right MTU, and start the container on it",
            format!("podman network create --opt mtu={mtu} NAME"),
        )];
    }
    if culprit.interface == "podman0" {
        return vec![fix(
            &format!("{place}, in /etc/containers/networks/podman.json"),
            "give the default network's containers the MTU of the network below, once they are started anew (if the \
             file is not there: podman network inspect podman shows what belongs in it)",
            format!("\"options\": {{ \"mtu\": \"{mtu}\" }}"),
        )];
    }
    let bridge = quote(&culprit.interface);
    vec![fix(
        &place,
        "make the network anew with the right MTU (this removes the containers on it: start them anew)",
        format!(
            "network=$(podman network ls --format '{{{{.NetworkInterface}}}} {{{{.Name}}}}' | sed -n s/^{bridge}' //p') && \
             podman network rm --force \"$network\" && podman network create --opt mtu={mtu} \"$network\""
        ),
    )]
}
