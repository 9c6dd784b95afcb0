//! TC filters that may send packets elsewhere: eBPF programs, and `act_mirred` (Kata's taps, CNI plugins).
use std::collections::BTreeSet;
use std::io;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{TcHandle, TcMessage};

use crate::model::{TcAction, TcFilter};
use crate::topology::kept::Kept;
use crate::topology::netlink::{Conversation, attributes, text_of, u32_of};

// linux/rtnetlink.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h
const RTM_NEWQDISC: u16 = 36;
const RTM_NEWTFILTER: u16 = 44;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_BPF_NAME: u16 = 7;
const TCA_ACT_KIND: u16 = 1;
const TCA_ACT_OPTIONS: u16 = 2;
const TCA_MIRRED_PARMS: u16 = 2;
/// The action of `struct tc_mirred` stands behind `tc_gen`, five numbers; then the device.
const MIRRED_ACTION: usize = 20;
/// `TCA_EGRESS_REDIR` and `TCA_INGRESS_REDIR`; the others are copies.
const REDIRECTS: [u32; 2] = [1, 3];
/// Bytes of `struct tcmsg`, which stands before the attributes.
const HEADER: usize = 20;
/// Where filters of an `ingress` or `clsact` qdisc are: `TC_H_MIN_INGRESS`, `TC_H_MIN_EGRESS`.
const PARENTS: [u16; 2] = [0xfff2, 0xfff3];
/// Most devices that are asked about, and filters that are kept.
const MOST: usize = 64;
/// Our own programs of kernels before 6.6.
const OWN: &str = "mtut_";

/// The filters of the current namespace.
pub(super) fn filters(kernel: &mut Conversation) -> io::Result<Vec<TcFilter>> {
    let request = RouteNetlinkMessage::GetQueueDiscipline(TcMessage::default());
    let mut devices = Kept::first(MOST);
    let devices: BTreeSet<u32> = match kernel.list(request, &mut devices, qdisc) {
        Ok(()) => devices.finish().0.into_iter().collect(),
        // A kernel without TC.
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Kept::first(MOST);
    for ifindex in devices {
        for minor in PARENTS {
            let mut request = TcMessage::default();
            request.header.index = i32::try_from(ifindex).unwrap_or_default();
            request.header.parent = TcHandle { major: 0xffff, minor };
            let request = RouteNetlinkMessage::GetTrafficFilter(request);
            // `ingress` has no egress side.
            let _none = kernel.list(request, &mut found, filter);
        }
    }
    let (mut found, _) = found.finish();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The device of a qdisc that filters hang on.
fn qdisc(message: u16, payload: &[u8]) -> Option<u32> {
    let kind = kind(payload)?;
    (message == RTM_NEWQDISC && matches!(kind.as_str(), "clsact" | "ingress")).then(|| index(payload))?
}

/// A filter, if it may send packets elsewhere.
pub(super) fn filter(message: u16, payload: &[u8]) -> Option<TcFilter> {
    let kind = kind(payload).filter(|_| message == RTM_NEWTFILTER)?;
    let options = attribute(payload.get(HEADER..)?, TCA_OPTIONS)?;
    let does = if kind == "bpf" {
        let name = attribute(options, TCA_BPF_NAME).map(text_of).unwrap_or_default();
        if name.starts_with(OWN) {
            return None;
        }
        TcAction::Program(name)
    } else {
        // Actions are nested one deeper, and numbered; where differs from kind to kind.
        let actions =
            attributes(options).flat_map(|(_, nested)| attributes(nested)).map(|(_, action)| action);
        TcAction::Redirect(actions.filter_map(redirect).next()?)
    };
    Some(TcFilter { ifindex: index(payload)?, does })
}

/// Where an action redirects to.
fn redirect(action: &[u8]) -> Option<u32> {
    let kind = attribute(action, TCA_ACT_KIND).map(text_of)?;
    let parameters = attribute(attribute(action, TCA_ACT_OPTIONS)?, TCA_MIRRED_PARMS)?;
    let does = parameters.get(MIRRED_ACTION..).and_then(u32_of)?;
    let device = parameters.get(MIRRED_ACTION + 4..).and_then(u32_of)?;
    (kind == "mirred" && REDIRECTS.contains(&does)).then_some(device)
}

fn index(payload: &[u8]) -> Option<u32> {
    // struct tcmsg: family and padding, then the index.
    payload.get(4..).and_then(u32_of)
}

fn kind(payload: &[u8]) -> Option<String> {
    attribute(payload.get(HEADER..)?, TCA_KIND).map(text_of)
}

fn attribute(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::{Sandbox, may_make_namespaces};
    use crate::topology::dump::tests::attribute as nested;
    use crate::topology::netns_exec::NetnsExecutor;

    #[test]
    fn a_redirect_of_a_real_device() {
        if !may_make_namespaces() {
            return;
        }
        let sandbox = Sandbox::new();
        sandbox.ip("link add d0 type veth peer name d1");
        let tc = |words: &str| {
            let words = words.split_whitespace();
            std::process::Command::new("tc")
                .args(["-n", &sandbox.name])
                .args(words)
                .status()
                .is_ok_and(|s| s.success())
        };
        let made = tc("qdisc add dev d0 clsact")
            && tc("filter add dev d0 ingress matchall action mirred egress redirect dev d1")
            && tc("filter add dev d0 egress matchall action mirred egress mirror dev d1");
        if !made {
            eprintln!("skipped: this kernel has no act_mirred, or there is no tc");
            return;
        }
        let read = || filters(&mut Conversation::open().unwrap()).unwrap();
        let found = NetnsExecutor::new().unwrap().run(&sandbox.path(), sandbox.id(), read).unwrap();
        let [TcFilter { ifindex, does: TcAction::Redirect(to) }] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert!(ifindex != to && *ifindex > 0, "{found:?}");
    }

    /// A filter on device 7, as `struct tcmsg` and its attributes.
    fn message(kind: &str, options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[4] = 7;
        bytes.extend(nested(TCA_KIND, kind.as_bytes()));
        bytes.extend(nested(TCA_OPTIONS, options));
        bytes
    }

    #[test]
    fn redirects_and_programs() {
        let mirred = |does: u32| {
            let mut parameters = vec![0; MIRRED_ACTION];
            parameters.extend([does.to_ne_bytes(), 9u32.to_ne_bytes()].concat());
            let action = nested(TCA_ACT_OPTIONS, &nested(TCA_MIRRED_PARMS, &parameters));
            let action = [nested(TCA_ACT_KIND, b"mirred"), action].concat();
            message("matchall", &nested(2, &nested(1, &action)))
        };
        let read = |bytes: &[u8]| filter(RTM_NEWTFILTER, bytes).map(|filter| (filter.ifindex, filter.does));
        assert_eq!(read(&mirred(1)), Some((7, TcAction::Redirect(9))));
        assert_eq!(read(&mirred(3)), Some((7, TcAction::Redirect(9))));
        assert_eq!(read(&mirred(2)), None, "a copy");
        let program = |name: &str| read(&message("bpf", &nested(TCA_BPF_NAME, name.as_bytes())));
        assert_eq!(program("cil_from_netdev"), Some((7, TcAction::Program("cil_from_netdev".to_owned()))));
        assert_eq!(program("mtut_in"), None, "ours");
    }

    #[test]
    fn noise_is_no_filter() {
        for length in 0..64 {
            for byte in [0, 1, 4, 255] {
                assert_eq!(filter(RTM_NEWTFILTER, &vec![byte; length]), None);
            }
        }
    }
}
