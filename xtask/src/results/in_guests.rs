//! What guests run. An emulated machine is ten times slower than this one, so a test is here only if the kernel decides its
//! result. All others, and each new one that is not put on this list, run on this machine's kernel alone.

/// The oldest kernel that is promised: classifiers are filters, and the verifier is strictest.
const OLD: &str = "5.10";
/// One with links (TCX) and with kprobes, which this machine's kernel may lack.
const NEW: &str = "6.12";

/// The guests that run more than the others.
pub(crate) const WIDER: [&str; 2] = [OLD, NEW];

/// Which guests. One of the two is enough where they differ, but not for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// Each of the matrix.
    Every,
    /// [`OLD`] and [`NEW`].
    Both,
    /// [`OLD`] alone.
    Old,
    /// [`NEW`] alone.
    New,
}
use On::{Both, Every, New, Old};

impl On {
    fn includes(self, series: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Both => WIDER.contains(&series),
            Self::Old => series == OLD,
            Self::New => series == NEW,
        }
    }
}

/// A program (all of it, or one test), where, and what of the kernel decides its result.
const LIST: &[(&str, On, &str)] = &[
    ("causes", Every, "where a kernel drops, cuts, refuses and reports, and which hooks it has for that"),
    ("bench", Every, "its verifier must take all classifiers, also those without Ethernet headers"),
    ("doctor::every_hook_and_every_signal", Every, "which hooks it has, and what its verifier takes"),
    (
        "download_blackhole::a_stalled_download_is_charged_to_the_inner_container",
        Every,
        "the founding incident: drops, retransmits, NAT and classifiers together",
    ),
    (
        "recording::a_recording_of_another_kernel_says_what_it_said_there",
        Every,
        "nothing: that is what it shows, of a recording made on yet another kernel",
    ),
    ("doctor::without_kprobes_it_shows_what_replaces_them", Both, "which tracepoints it has"),
    ("doctor::without_capabilities_it_says_what_it_cannot_know", Both, "which capability allows what"),
    ("forged_frames", Both, "when and with what it tells that a bridge has learnt an address"),
    ("healthy", Both, "no false alarm of super-packets, whose segments the kernel makes"),
    (
        "least_privilege::nobody_with_the_documented_capabilities_sees_what_root_sees",
        Both,
        "which capability allows what",
    ),
    ("lifecycle::nothing_is_left_in_the_kernel", Both, "links or filters, and what becomes of them"),
    ("manners::a_deleted_namespace_is_gone_soon", Both, "what a link or a filter keeps alive"),
    ("map_routes::what_the_kernel_has_learnt", Both, "how it shows a path MTU that it has learnt"),
    (
        "filtered_output::its_messages_are_of_the_flow_that_they_quote",
        Old,
        "at which function a firewall's drop is seen, and with which packet: it has no drop reasons",
    ),
    ("foreseen::before_a_download_stalls", Old, "what bpf_fib_lookup says of a length: it knows none"),
    ("kernel_counters::an_upload_over_ipv4", Old, "which counters it keeps, and under which names"),
    ("kernel_counters::an_upload_over_ipv6", Old, "likewise"),
    ("least_privilege::root_gives_up_what_is_not_needed", Old, "it charges BPF maps as locked memory"),
    ("least_privilege::without_syslog_it_says_what_is_not_seen", Old, "who may read addresses of symbols"),
    ("manners::another_run_is_left_alone", Old, "filters of two runs share a qdisc"),
    ("manners::nothing_of_the_node_is_changed", Old, "a qdisc and filters are changes, links are none"),
    ("map::the_two_capabilities_suffice", Old, "which capability allows what"),
    ("quiet::jumbo_frames_on_a_bridge", Old, "no false alarm of ten thousand ordinary packets"),
    ("quiet::legal_fragments_through_a_router", Old, "likewise"),
    ("quiet::routed_tcp_in_super_packets", Old, "likewise"),
    ("started_late", Old, "what it says of a connection whose start nobody saw"),
    ("doctor::types_of_another_kernel_take_away_what_needs_them_and_no_more", New, "what it has without BTF"),
    ("download_blackhole::a_stalled_upload_is_a_black_hole_too", New, "how a retransmit looks at its sender"),
    (
        "interface_counters::a_veth_s_drops_are_in_the_report_of_its_events",
        New,
        "what a veth counts as dropped",
    ),
    ("ipv6::a_filtered_download_is_a_black_hole", New, "the same incident in other functions"),
    ("least_privilege::sys_admin_stands_in_for_bpf_and_perfmon", New, "what a capability includes"),
    ("mismatch::a_download_that_recovers", New, "how a sender takes an ICMP error"),
    ("remote_blackhole::a_download_that_stalls_behind_the_node", New, "what it says of a socket"),
    ("silent::a_veth_whose_other_end_is_too_small", New, "drops between two ends, which no counter has"),
    ("tunnel_overhead::a_port_of_a_bridge_that_answers_itself", New, "seen by a kprobe alone"),
    ("tunnel_overhead::cut_in_two_outside_the_tunnel", New, "seen by a kprobe, or else by a classifier"),
];

fn is(test: &str, name: &str) -> bool {
    test.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether the guest of a series runs a test, named `program::test`.
pub(crate) fn runs(series: &str, test: &str) -> bool {
    LIST.iter().any(|(name, on, _)| on.includes(series) && is(test, name))
}

/// Names of the list that none of `tests` has: it was renamed, and guests would silently run one test less.
pub(crate) fn lost(tests: &[String]) -> Vec<&'static str> {
    let names = LIST.iter().map(|(name, ..)| *name);
    names.filter(|name| !tests.iter().any(|test| is(test, name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec;

    #[test]
    fn whole_programs_and_single_tests() {
        assert!(runs("7.3", "causes::icmp::icmp_filtered") && runs("5.10", "causes::icmp::icmp_filtered"));
        assert!(
            runs("5.10", "quiet::jumbo_frames_on_a_bridge")
                && !runs("7.2", "quiet::jumbo_frames_on_a_bridge")
        );
        assert!(
            runs("6.12", "healthy::x")
                && !runs("6.12", "quiet::jumbo_frames_on_a_bridge")
                && !runs("6.1", "healthy::x")
        );
        assert!(!runs("5.10", "refusal::a_bad_duration") && !runs("5.10", "causes2::x"));
        assert_eq!(lost(&["causes::x".to_owned()]).len(), LIST.len() - 1);
    }

    #[test]
    fn each_is_a_test_with_a_reason_and_once() {
        for (place, (name, _, why)) in LIST.iter().enumerate() {
            assert!(!why.is_empty(), "{name}");
            assert!(
                LIST[..place].iter().all(|(other, ..)| !is(name, other) && !is(other, name)),
                "{name} twice"
            );
            let (program, test) = name.split_once("::").unwrap_or((name, ""));
            let folder = exec::root().join("tests/tests");
            let files = [folder.join(format!("{program}.rs")), folder.join(program).join("main.rs")];
            let text = files.iter().find_map(|file| std::fs::read_to_string(file).ok());
            let text = text.unwrap_or_else(|| panic!("{name}: tests/tests has no {program}"));
            let declared = format!("#[test]\nfn {test}() {{");
            assert!(test.is_empty() || text.contains(&declared), "{name}: {program} has no such test");
        }
    }
}
