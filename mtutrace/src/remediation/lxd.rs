//! LXC and what runs it: LXD, Incus, Proxmox, LXC by itself.
//!
//! <https://documentation.ubuntu.com/lxd/en/latest/reference/network_bridge/>, <https://linuxcontainers.org/incus/docs/main/reference/network_bridge/>,
//! pct(1), lxc.container.conf(5)
use super::context::Context;
use super::fix::{config, permanent};
use super::shell::quote;
use crate::model::{Fix, Runtime};

/// A bridge that LXD or Incus manages: `client` is the command of which.
pub(super) fn managed(context: &Context<'_>, client: &str) -> Vec<Fix> {
    let bridge = quote(&context.m.culprit.interface);
    vec![permanent(
        &context.place(if client == "incus" { "Incus" } else { "LXD" }),
        "give the bridge, and with it its containers, the MTU that the network below carries; restart those that keep their own",
        format!("{client} network set {bridge} bridge.mtu={}", context.mtu),
    )]
}

/// LXC's own bridge.
pub(super) fn plain(context: &Context<'_>) -> Vec<Fix> {
    vec![config(
        "in /etc/lxc/default.conf of this node, for new containers, and in the config of each that is there; then restart them",
        "give the containers the MTU that the network below carries",
        format!("lxc.net.0.mtu = {}", context.mtu),
    )]
}

/// A container of Proxmox: its number is its name.
pub(super) fn proxmox(context: &Context<'_>) -> Vec<Fix> {
    let number = context.container.map_or("ID", |container| container.id.as_str());
    let bridge = &context.m.culprit.interface;
    vec![config(
        &format!(
            "in /etc/pve/lxc/{number}.conf, in the line of net0, or by pct set; then pct reboot {number}"
        ),
        "give the container the MTU that the network below carries",
        format!("net0: name=eth0,bridge={bridge},mtu={}", context.mtu),
    )]
}

/// A container whose bridge is not known to be anybody's.
pub(super) fn container(context: &Context<'_>) -> Vec<Fix> {
    let name = context.container.map_or("NAME", |container| container.id.as_str());
    vec![permanent(
        "on this node, if LXD runs it (incus instead of lxc, if that does; the device is often called eth0)",
        "give the container's device the MTU that the network below carries",
        format!("lxc config device override {} eth0 mtu={}", quote(name), context.mtu),
    )]
}

/// Whether the container is one of Proxmox's.
pub(super) fn is_of_proxmox(context: &Context<'_>) -> bool {
    let numbered = |id: &str| id.len() >= 3 && id.bytes().all(|byte| byte.is_ascii_digit());
    context.container.is_some_and(|c| c.runtime == Some(Runtime::Lxc) && numbered(&c.id))
}
