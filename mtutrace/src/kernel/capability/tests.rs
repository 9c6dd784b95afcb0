use test_case::test_case;

use super::*;

#[test_case(
    "Name:\tx\nCapPrm:\t0000000000000001\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n",
    Some(0x1ff_ffff_ffff)
)]
#[test_case("CapEff:\t0000000000000000", Some(0); "no capability, no newline")]
#[test_case("CapEff:\tnonsense\n", None; "not a number")]
#[test_case("CapEff:\n", None; "no number")]
#[test_case("XCapEff:\t1\n", None; "another line")]
#[test_case("", None; "empty")]
fn reads_the_line(status: &str, expected: Option<u64>) {
    assert_eq!(effective(status.as_bytes()), expected);
}

#[test_case(0x1ff_ffff_ffff, &[]; "root")]
#[test_case(0, &Capability::ALL; "nobody")]
#[test_case(1 << 39 | 1 << 38 | 1 << 12 | 1 << 19, &[Capability::SysAdmin]; "bpf is not admin")]
#[test_case(1 << 21, &[Capability::NetAdmin, Capability::SysPtrace]; "admin stands in for bpf and perfmon")]
fn finds_what_is_missing(effective: u64, expected: &[Capability]) {
    assert_eq!(TRACING.missing_of(effective), expected);
}

#[test]
fn explains() {
    assert_eq!(TRACING.explain_to(&[], "/bin/mtutrace"), "");
    let text = TRACING.explain_to(&[Capability::SysAdmin], "/bin/mtutrace");
    assert_eq!(
        text,
        "tracing needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_SYS_PTRACE, and this process \
         lacks CAP_SYS_ADMIN (to enter the containers' network namespaces): run it with sudo, or once `sudo setcap \
         cap_bpf,cap_perfmon,cap_net_admin,cap_sys_admin,cap_sys_ptrace,cap_syslog+ep '/bin/mtutrace'`, or in a \
         container with securityContext.capabilities.add: [BPF, PERFMON, NET_ADMIN, SYS_ADMIN, SYS_PTRACE, SYSLOG]"
    );
}

#[test]
fn this_process_agrees_with_its_user() {
    let status = std::fs::read("/proc/self/status").unwrap();
    assert_eq!(missing(), TRACING.missing_of(effective(&status).unwrap()));
}

#[test]
fn looking_takes_less_than_tracing() {
    assert_eq!(LOOKING.missing_of(1 << 21 | 1 << 19), []);
    let text = LOOKING.explain_to(&LOOKING.missing_of(1 << 39 | 1 << 21), "/bin/mtutrace");
    assert!(text.contains("lacks CAP_SYS_PTRACE (to") && text.contains("[SYS_ADMIN, SYS_PTRACE]"), "{text}");
    assert!(!text.contains("BPF") && !text.contains("SYSLOG"), "{text}");
}
