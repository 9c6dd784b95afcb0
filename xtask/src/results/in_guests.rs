//! What guests run. An emulated machine is ten times slower than this one, so a test is here only if the kernel decides its
//! result. All others, and each new one that is not put on this list, run on this machine's kernel alone.

/// The oldest kernel that is promised, where classifiers are filters and the verifier is strictest, and one with links
/// (TCX) and kprobes, which this machine's kernel may lack.
pub(crate) const WIDER_KERNELS: [&str; 2] = ["5.10", "6.12"];

/// Which guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// Each of the matrix.
    Every,
    /// [`WIDER_KERNELS`].
    Wider,
}
use On::{Every, Wider};

/// A program (all of it, or one test), where, and what of the kernel decides its result.
const LIST: &[(&str, On, &str)] = &[
    ("causes", Every, "where a kernel drops, cuts, refuses and reports, and which hooks it has for that"),
    (
        "bench",
        Every,
        "its verifier must take all classifiers, also those of devices without Ethernet headers",
    ),
    ("doctor::every_hook_and_every_signal", Every, "which hooks it has, and what its verifier takes"),
    ("doctor::without_kprobes_it_shows_what_replaces_them", Every, "which tracepoints it has"),
    (
        "download_blackhole::a_stalled_download_is_charged_to_the_inner_container",
        Every,
        "the founding incident: drops, retransmits, NAT and classifiers together",
    ),
    (
        "filtered_output::its_messages_are_of_the_flow_that_they_quote",
        Every,
        "at which function a firewall's drop is seen, and with which packet",
    ),
    ("lifecycle::nothing_is_left_in_the_kernel", Every, "links or filters, and what becomes of them"),
    (
        "doctor::types_of_another_kernel_take_away_what_needs_them_and_no_more",
        Wider,
        "what it has without BTF",
    ),
    ("doctor::without_capabilities_it_says_what_it_cannot_know", Wider, "which capability allows what"),
    (
        "download_blackhole::a_stalled_upload_is_a_black_hole_too",
        Wider,
        "how a retransmit looks at its sender",
    ),
    ("foreseen::before_a_download_stalls", Wider, "what bpf_fib_lookup says of a length"),
    ("healthy", Wider, "no false alarm of super-packets, whose segments the kernel makes"),
    (
        "interface_counters::a_veth_s_drops_are_in_the_report_of_its_events",
        Wider,
        "what a veth counts as dropped",
    ),
    ("ipv6::a_filtered_download_is_a_black_hole", Wider, "the same incident in other functions"),
    ("kernel_counters::an_upload_over_ipv4", Wider, "which counters it keeps, and under which names"),
    ("kernel_counters::an_upload_over_ipv6", Wider, "likewise"),
    (
        "least_privilege::nobody_with_the_documented_capabilities_sees_what_root_sees",
        Wider,
        "which capability allows what",
    ),
    ("least_privilege::root_gives_up_what_is_not_needed", Wider, "likewise"),
    ("least_privilege::sys_admin_stands_in_for_bpf_and_perfmon", Wider, "likewise"),
    ("least_privilege::without_syslog_it_says_what_is_not_seen", Wider, "who may read addresses of symbols"),
    ("manners::a_deleted_namespace_is_gone_soon", Wider, "what a link or a filter keeps alive"),
    ("manners::another_run_is_left_alone", Wider, "filters of two runs share a qdisc"),
    ("manners::nothing_of_the_node_is_changed", Wider, "a qdisc and filters are changes that links are not"),
    ("map::the_two_capabilities_suffice", Wider, "which capability allows what"),
    ("map_routes::what_the_kernel_has_learnt", Wider, "how it shows a path MTU that it has learnt"),
    ("mismatch::a_download_that_recovers", Wider, "how a sender takes an ICMP error"),
    ("quiet", Wider, "no false alarm of ten thousand ordinary packets of each kind"),
    ("remote_blackhole::a_download_that_stalls_behind_the_node", Wider, "what it says of a socket"),
    (
        "silent::a_veth_whose_other_end_is_too_small",
        Wider,
        "drops between two ends, which no counter of IP has",
    ),
    ("started_late", Wider, "what it says of a connection whose start nobody saw"),
    ("tunnel_overhead::a_port_of_a_bridge_that_answers_itself", Wider, "seen by a kprobe alone"),
    ("tunnel_overhead::cut_in_two_outside_the_tunnel", Wider, "seen by a kprobe, or else by a classifier"),
];

fn is(test: &str, name: &str) -> bool {
    test.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether the guest of a series runs a test, named `program::test`.
pub(crate) fn runs(series: &str, test: &str) -> bool {
    let here = |on: On| on == Every || WIDER_KERNELS.contains(&series);
    LIST.iter().any(|(name, on, _)| here(*on) && is(test, name))
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
            runs("6.12", "quiet::jumbo_frames_on_a_bridge")
                && !runs("7.2", "quiet::jumbo_frames_on_a_bridge")
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
