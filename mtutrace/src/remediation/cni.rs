//! CNI: the bridge plugin, and the plugins of clusters, each of which has its own place for the number.
//!
//! <https://www.cni.dev/plugins/current/main/bridge/>, <https://github.com/flannel-io/flannel/blob/master/Documentation/backends.md>,
//! <https://docs.tigera.io/calico/latest/networking/configuring/mtu>, <https://docs.cilium.io/en/stable/helm-reference/>
use super::{Facts, fix};
use crate::model::Fix;

/// What VXLAN over IPv4 adds: IPv4 20, UDP 8, VXLAN 8, the inner Ethernet 14 bytes (RFC 7348).
const VXLAN: u32 = 50;

/// A plugin that reads its number from a file of the node.
pub(super) fn bridge(facts: &Facts<'_>) -> Vec<Fix> {
    vec![fix(
        "in the CNI configuration (/etc/cni/net.d) of this node, in the plugin of type \"bridge\" or \"ptp\"",
        "give new pods the MTU of the network below, and make those that run anew",
        format!("\"mtu\": {}", facts.mtu),
    )]
}

/// nerdctl's default network is a file of its own.
pub(super) fn nerdctl(facts: &Facts<'_>) -> Vec<Fix> {
    vec![fix(
        "in /etc/cni/net.d/nerdctl-bridge.conflist of this node, in the plugin of type \"bridge\"",
        "give new containers the MTU of the network below, and make those that run anew",
        format!("\"mtu\": {}", facts.mtu),
    )]
}

/// flannel takes the number of the node's NIC unless it is told one, and subtracts what its tunnel adds.
pub(super) fn flannel(facts: &Facts<'_>) -> Vec<Fix> {
    let backend = format!("{{ \"Type\": \"vxlan\", \"MTU\": {} }}", facts.mtu + VXLAN);
    vec![
        fix(
            "in net-conf.json of the ConfigMap kube-flannel-cfg (namespace kube-flannel), then restart the DaemonSet \
             kube-flannel-ds",
            "flannel gives new pods this less the 50 bytes of VXLAN; make those that run anew",
            format!("\"Backend\": {backend}"),
        ),
        fix(
            "in /etc/rancher/k3s/config.yaml of this node, if k3s runs flannel, then restart k3s",
            "the same, by a net-conf.json of your own at that path",
            "flannel-conf: /etc/rancher/k3s/net-conf.json".to_owned(),
        ),
    ]
}

/// Calico, by its operator or by its manifest.
pub(super) fn calico(facts: &Facts<'_>) -> Vec<Fix> {
    let mtu = facts.mtu;
    vec![
        fix(
            "where kubectl may change the cluster, if Calico's operator runs it",
            "give new pods the MTU of the network below, and make those that run anew",
            format!(
                "kubectl patch installation.operator.tigera.io default --type merge \
                 --patch '{{\"spec\":{{\"calicoNetwork\":{{\"mtu\":{mtu}}}}}}}'"
            ),
        ),
        fix(
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
pub(super) fn cilium(facts: &Facts<'_>) -> Vec<Fix> {
    let mtu = facts.mtu;
    vec![
        fix(
            "where helm may change the cluster",
            "tell Cilium the MTU of the network below, and make pods that run anew",
            format!(
                "helm upgrade cilium cilium/cilium --namespace kube-system --reuse-values --set MTU={mtu}"
            ),
        ),
        fix(
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
