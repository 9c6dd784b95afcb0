//! Tests that guests leave out: one kernel is enough for them, and that of `cargo xtask test` is the one.

/// A program (all of it, or one test) and why another kernel could not change its result.
const LEFT_OUT: &[(&str, &str)] = &[
    ("refusal", "the command line and its error messages"),
    ("filters", "which events are shown is chosen after they left the kernel"),
    ("contract", "the form of the output"),
    ("screen", "likewise, and what terminals do with it"),
    ("prometheus", "metrics are counted after events left the kernel, and guests have no Prometheus"),
    ("schema", "the form of the output, and the documentation is not in the guests"),
    (
        "filtered_output::a_stall_of_before_is_critical_at_its_next_packet",
        "an emulated machine attaches for seconds, and the packet may come while some programs are there and others are not",
    ),
    ("recipes", "jq on lines of the same form, and guests have no jq"),
    ("captures", "what is read out of a file, and guests have no tcpdump"),
    ("examples", "the documentation is not in the guests"),
    ("lab", "the laboratory itself: scenarios would fail with it"),
    ("mtutrace_tests", "likewise"),
    ("docker_in_docker", "real Docker: guests have a busybox, not a distribution to run it"),
    ("cri_pod", "real containerd, likewise"),
    ("bare_device", "guests have no TUN module, and `bench` verifies these classifiers in each"),
    ("churn", "how fast an emulated machine makes containers is no measure"),
    (
        "ending",
        "signals are handled in user space, and how soon an emulated machine detaches links is no measure",
    ),
    (
        "accuracy",
        "what is said of the same events is the same everywhere, and half a hundred labs take long to build there",
    ),
    (
        "kernel_counters::people_read_them_at_the_end_if_they_asked_for_the_namespace",
        "the form of the output",
    ),
    (
        "least_privilege::each_that_is_taken_away_is_named_with_what_it_is_for",
        "what is checked before anything is loaded",
    ),
    (
        "remote_blackhole::losses_of_small_packets_and_short_answers",
        "what is concluded from the same answers",
    ),
    ("remote_blackhole::an_outage_in_the_middle_of_losses", "likewise"),
    ("remote_blackhole::an_answer_that_never_comes_is_told_without_a_cause", "likewise"),
    (
        "hostile",
        "budgets and origins are the same everywhere, and a flood at full speed takes an emulated machine for itself",
    ),
    ("unread", "what becomes of output that nobody reads"),
    ("few_files", "what is done where descriptors run out"),
    (
        "bloat",
        "what is kept of what netlink and daemons tell, and 400,000 routes take an emulated machine long",
    ),
    ("hung_files", "guests have no FUSE module"),
    ("identity", "whose cgroup it is follows from the same paths"),
    ("overflow", "the books of the ring are kept by the same programs everywhere, and a flood takes minutes"),
    ("manners::text_in_a_pipe_has_no_escape_codes_whatever_names_say", "the form of the output"),
    ("map::two_hundred_containers_under_a_second", "the CPU time of an emulated machine is no measure"),
    ("map::an_unknown_container_lists_the_known_ones", "the command line and its error messages"),
    ("lifecycle::ctrl_c_prints_the_final_report", "the form of the output"),
    (
        "lifecycle::the_verdict_goes_inactive_after_the_fix_and_the_final_report_has_it",
        "what is concluded from events that stop",
    ),
    ("fragments", "what is concluded from events that `causes` shows on each kernel"),
    ("remote_blackhole::losses_at_random", "what is concluded from the same answers"),
    ("foreseen::not_where_the_mss_is_clamped", "what is concluded from the same SYN"),
    ("foreseen::a_small_download_that_works", "likewise"),
    ("mismatch::without_nat_on_the_node", "whose packets they are follows from the same addresses"),
    ("ipv6::without_nat", "likewise"),
    (
        "interface_counters::only_devices_that_somebody_asked_for",
        "which counters are shown is chosen after they were read",
    ),
    (
        "kernel_counters::a_container_that_comes_later_counts_from_its_birth",
        "what is subtracted from the same counters",
    ),
    ("lifecycle::a_reader_that_leaves_ends_the_run_quietly", "what the writer does with a closed pipe"),
];

/// Whether guests leave out a test, named `program::test`.
pub(crate) fn is_left_out(test: &str) -> bool {
    LEFT_OUT.iter().any(|(name, _)| {
        test.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// Arguments that make a program leave its part out; nothing when all of it is left out.
pub(crate) fn skips(program: &str) -> Option<Vec<String>> {
    if is_left_out(program) {
        return None;
    }
    let ours = LEFT_OUT.iter().filter_map(|(name, _)| name.strip_prefix(program)?.strip_prefix("::"));
    Some(ours.flat_map(|test| ["--skip".to_owned(), test.to_owned()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_programs_and_single_tests() {
        assert!(is_left_out("refusal::a_bad_duration") && is_left_out("refusal"));
        assert!(!is_left_out("labs::x") && !is_left_out("manners::nothing_of_the_node_is_changed"));
        assert_eq!(skips("lab"), None);
        assert_eq!(skips("causes"), Some(Vec::new()));
        let one = "text_in_a_pipe_has_no_escape_codes_whatever_names_say";
        assert_eq!(skips("manners"), Some(["--skip", one].map(str::to_owned).to_vec()));
    }
}
