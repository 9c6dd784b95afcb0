//! The registry: which hooks there are, what each sees, needs and misses, and in which order they are preferred.
use serde::Serialize;

use crate::model::SignalKind;

/// Where a hook's program goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// TC ingress of the chosen devices.
    Ingress,
    /// TC egress of the chosen devices.
    Egress,
    /// The raw tracepoint of this name.
    RawTracepoint(&'static str),
    /// The entry of the kernel function of this name.
    Kprobe(&'static str),
}

/// One hook.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Name in reports.
    pub name: &'static str,
    /// Programs of the BPF object (a classifier has one for devices with Ethernet headers and one for those without).
    pub programs: &'static [&'static str],
    /// Where they go.
    pub place: Place,
    /// What it sees.
    pub signals: &'static [SignalKind],
    /// Kernel fields that it cannot do without (as in [`super::offsets`]).
    pub needs: &'static [&'static str],
    /// What it cannot see.
    pub blind: &'static str,
}

/// Fields by which every tracepoint hook finds the packet and its place.
const PACKET: &[&str] = &[
    "sk_buff.len",
    "sk_buff.head",
    "sk_buff.data",
    "sk_buff.dev",
    "sk_buff.protocol",
    "sk_buff.network_header",
    "net_device.ifindex",
    "net_device.nd_net.net",
    "net.ns.inum",
];

/// Fields of a connected socket.
const SOCKET: &[&str] = &[
    "sk_buff.len",
    "sock.__sk_common.skc_net.net",
    "sock.__sk_common.skc_family",
    "sock.__sk_common.skc_num",
    "sock.__sk_common.skc_dport",
    "net.ns.inum",
];

/// All hooks. Of two that see the same signal the earlier is preferred: the later is then its fallback.
pub const HOOKS: &[Hook] = &[
    Hook {
        name: "raw_tp:kfree_skb",
        programs: &["mtut_kfree"],
        place: Place::RawTracepoint("kfree_skb"),
        signals: &[SignalKind::Drop],
        needs: PACKET,
        blind: "packets freed without kfree_skb (VXLAN on a bridge), local sends refused with EMSGSIZE",
    },
    Hook {
        name: "raw_tp:icmp_send",
        programs: &["mtut_icmp"],
        place: Place::RawTracepoint("icmp_send"),
        signals: &[SignalKind::IcmpSent],
        needs: PACKET,
        blind: "ICMPv6; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        name: "raw_tp:tcp_retransmit_skb",
        programs: &["mtut_retrans"],
        place: Place::RawTracepoint("tcp_retransmit_skb"),
        signals: &[SignalKind::Retransmit],
        needs: SOCKET,
        blind: "senders on other machines",
    },
    Hook {
        name: "tc:ingress",
        programs: &["mtut_in", "mtut_in_l3"],
        place: Place::Ingress,
        signals: &[
            SignalKind::Oversized,
            SignalKind::IcmpSeen,
            SignalKind::Fragmented,
            SignalKind::MssExceedsPath,
            SignalKind::IcmpSent,
        ],
        needs: &[],
        blind: "packets that DNAT sends elsewhere than the FIB says, devices between two containers of one bridge",
    },
    Hook {
        name: "tc:egress",
        programs: &["mtut_out", "mtut_out_l3"],
        place: Place::Egress,
        signals: &[
            SignalKind::IcmpSeen,
            SignalKind::Fragmented,
            SignalKind::MssExceedsPath,
            SignalKind::IcmpSent,
        ],
        needs: &[],
        blind: "packets that bypass the queueing layer (bpf_redirect_peer)",
    },
];

/// How a hook turned out on this kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Attached, and the best one for each of its signals.
    Attached,
    /// Attached, and standing in for a better one.
    Fallback,
    /// Not attached.
    Missing,
}

/// The outcome for one hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its name.
    pub hook: &'static str,
    /// What it sees.
    pub signals: Vec<SignalKind>,
    /// Outcome.
    pub state: State,
    /// Why it is missing, or for what it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Turns the outcome of each hook of `hooks` (nothing: attached, else why not) into the table of reports.
pub fn table(hooks: &[Hook], outcome: &[Option<String>]) -> Vec<Status> {
    let failed = |index: usize| outcome.get(index).is_some_and(Option::is_some);
    let mut statuses = Vec::with_capacity(hooks.len());
    for (index, hook) in hooks.iter().enumerate() {
        let why = outcome.get(index).cloned().flatten();
        let better = |signal: &SignalKind| {
            hooks
                .iter()
                .take(index)
                .enumerate()
                .find(|(_, h)| h.signals.contains(signal))
                .filter(|(i, _)| failed(*i))
        };
        let (state, why) = match why {
            Some(why) => (State::Missing, Some(why)),
            None => match hook.signals.iter().find_map(|s| better(s).map(|(_, h)| (s, h))) {
                Some((signal, h)) => {
                    (State::Fallback, Some(format!("sees {} in place of {}", signal.name(), h.name)))
                }
                None => (State::Attached, None),
            },
        };
        statuses.push(Status { hook: hook.name, signals: hook.signals.to_vec(), state, why });
    }
    statuses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_hook_makes_the_next_one_a_fallback() {
        let mut outcome = vec![None; HOOKS.len()];
        assert!(table(HOOKS, &outcome).iter().all(|s| s.state == State::Attached && s.why.is_none()));
        outcome[1] = Some("no such tracepoint".to_owned());
        let table = table(HOOKS, &outcome);
        assert_eq!(table[1].state, State::Missing);
        assert_eq!(table[3].state, State::Fallback);
        assert_eq!(table[3].why.as_deref(), Some("sees icmp_sent in place of raw_tp:icmp_send"));
        assert_eq!(table[0].state, State::Attached);
    }
}
