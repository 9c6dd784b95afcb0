//! podman: its default network is a file, others are recreated.
//!
//! podman-network-create(1), podman-network-rm(1)
use super::context::Context;
use super::fix::{config, permanent};
use super::shell::{literal, quote};
use crate::model::{Fix, LinkKind};

/// The remedies for a network of podman.
pub(super) fn network(context: &Context<'_>) -> Vec<Fix> {
    let (mtu, culprit) = (context.mtu, &context.m.culprit);
    let place = context.place("podman");
    if culprit.kind != LinkKind::Bridge {
        return vec![config(
            &place,
            "make a network with the right MTU, and start the container on it",
            format!("podman network create --opt mtu={mtu} NAME"),
        )];
    }
    if culprit.interface == "podman0" {
        return vec![config(
            &format!("{place}, in /etc/containers/networks/podman.json"),
            "give the default network's containers the MTU that the network below carries, once they are recreated (if the \
             file is not there: podman network inspect podman shows what belongs in it)",
            format!("\"options\": {{ \"mtu\": \"{mtu}\" }}"),
        )];
    }
    let find = quote(&format!("s/^{} //p", literal(&culprit.interface)));
    vec![permanent(
        &place,
        "recreate the network with the right MTU (this removes the containers on it: recreate them)",
        format!(
            "network=$(podman network ls --format '{{{{.NetworkInterface}}}} {{{{.Name}}}}' | sed -n {find}) && \
             podman network rm --force \"$network\" && podman network create --opt mtu={mtu} \"$network\""
        ),
    )]
}
