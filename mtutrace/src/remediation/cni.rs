//! CNI: the bridge plugin, and the plugins of clusters, each of which has its own place for the number.
//!
//! <https://www.cni.dev/plugins/current/main/bridge/>, <https://github.com/flannel-io/flannel/blob/master/Documentation/backends.md>,
//! <https://docs.tigera.io/calico/latest/networking/configuring/mtu>, <https://docs.cilium.io/en/stable/helm-reference/>
use super::context::Context;
use super::fix::{config, permanent};
use crate::model::Fix;

/// What VXLAN over IPv4 adds: IPv4 20, UDP 8, VXLAN 8, the inner Ethernet 14 bytes (RFC 7348).
const VXLAN: u32 = 50;

/// A plugin that reads its number from a file of the node.
pub(super) fn bridge(context: &Context<'_>) -> Vec<Fix> {
    vec![config(
        "in the CNI configuration (/etc/cni/net.d) of this node, in the plugin of type \"bridge\" or \"ptp\"",
        "give new pods the MTU that the network below carries, and recreate the running ones",
        format!("\"mtu\": {}", context.mtu),
    )]
}

/// nerdctl's default network is a file of its own.
pub(super) fn nerdctl(context: &Context<'_>) -> Vec<Fix> {
    vec![config(
        "in /etc/cni/net.d/nerdctl-bridge.conflist of this node, in the plugin of type \"bridge\"",
        "give new containers the MTU that the network below carries, and recreate the running ones",
        format!("\"mtu\": {}", context.mtu),
    )]
}

/// flannel takes the number of the node's NIC unless it is told one, and subtracts what its tunnel adds.
pub(super) fn flannel(context: &Context<'_>) -> Vec<Fix> {
    let backend = format!("{{ \"Type\": \"vxlan\", \"MTU\": {} }}", context.mtu.saturating_add(VXLAN));
    vec![
        config(
            "in net-conf.json of the ConfigMap kube-flannel-cfg (namespace kube-flannel), then restart the DaemonSet \
             kube-flannel-ds",
            "flannel gives new pods this less the 50 bytes of VXLAN; recreate the running ones",
            format!("\"Backend\": {backend}"),
        ),
        config(
            "in /etc/rancher/k3s/config.yaml of this node, if k3s runs flannel, then restart k3s",
            "the same, by a net-conf.json of your own at that path",
            "flannel-conf: /etc/rancher/k3s/net-conf.json".to_owned(),
        ),
    ]
}

/// Calico, by its operator or by its manifest.
pub(super) fn calico(context: &Context<'_>) -> Vec<Fix> {
    let mtu = context.mtu;
    vec![
        permanent(
            "where kubectl may change the cluster, if Calico's operator runs it",
            "give new pods the MTU that the network below carries, and recreate the running ones",
            format!(
                "kubectl patch installation.operator.tigera.io default --type merge \
                 --patch '{{\"spec\":{{\"calicoNetwork\":{{\"mtu\":{mtu}}}}}}}'"
            ),
        ),
        permanent(
            "where kubectl may change the cluster, if Calico was installed by manifest",
            "the same",
            format!(
                "kubectl patch configmap calico-config --namespace kube-system --type merge \
                 --patch '{{\"data\":{{\"veth_mtu\":\"{mtu}\"}}}}' && \
                 kubectl rollout restart daemonset calico-node --namespace kube-system"
            ),
        ),
    ]
}

/// Cilium: the number of the network below; what its tunnels add it subtracts itself, in the pods' routes.
pub(super) fn cilium(context: &Context<'_>) -> Vec<Fix> {
    let mtu = context.mtu;
    vec![
        permanent(
            "where helm may change the cluster",
            "tell Cilium the MTU that the network below carries, and recreate the running pods",
            format!(
                "helm upgrade cilium cilium/cilium --namespace kube-system --reuse-values --set MTU={mtu}"
            ),
        ),
        permanent(
            "where kubectl may change the cluster",
            "the same, without helm",
            format!(
                "kubectl patch configmap cilium-config --namespace kube-system --type merge \
                 --patch '{{\"data\":{{\"mtu\":\"{mtu}\"}}}}' && \
                 kubectl rollout restart daemonset cilium --namespace kube-system"
            ),
        ),
    ]
}
