//! docs/PERFORMANCE.md and its plots, of a report.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use mtutrace_tests::bench::instructions::Counted;
use mtutrace_tests::bench::report::Report;

use super::plots::{self, PLOTS};
use super::{goals, tables};
use crate::tables::Table;

/// The document.
pub(super) const FILE: &str = "docs/PERFORMANCE.md";
/// Where its plots are.
pub(super) const FOLDER: &str = "docs/performance";

const BEGINNING: &str = "\
# What mtutrace costs

Written by `cargo xtask bench --write-docs`: run it for the costs on your kernel (as root, twenty minutes; `--quick` for a trial). Do not edit.";

const METHOD: &str = "\
What is compared runs by turns in one run (A B A B), so that a noisy moment hits both; numbers are medians, in brackets the smallest and the largest, and ratios are of
neighbours: a slow moment of the machine is not in them. Packets are sent by one process on the first CPU, and taken on the last one. The path's CPU time is what the sender's CPU spent on
it, all the way to the receiver's queue: unlike packets a second it says the same on a busy machine.";

const GOALS: &str = "\
What this run says of it. The other tools are those below that were measured. A run of a program takes more time than its instructions say, so that a small packet on a fast machine pays for
each program that it meets, and on kernels without kprobes it meets one more ([ARCHITECTURE.md](ARCHITECTURE.md#costs-as-measured) has what each takes).";

const PACKETS: &str = "\
`mtutrace bench`: each classifier on packets of each kind by BPF_PROG_TEST_RUN, as many times an empty program as it takes. `in` is ingress, `out` egress, `nested` the ingress of
devices outside of the host's namespace, `l3` of devices without Ethernet headers. What is oversized, a SYN, \"too big\" or a first fragment makes a record each time. The
segments of a GSO packet of plain TCP are measured on the fast path; those of others take the slow path where they might be too big with 120 bytes of headers.";

const SIZES: &str = "\
Instructions as the kernel runs them before its compiler, and those that its verifier walked (its limit is a million).";

const LIVE: &str = "\
One sender, one receiver, everything fits. The nested path is container – docker0 – pod – cni0 – uplink – server with NAT in the pod and on the node, the flat one two containers
on one bridge. Each tool looks for what mtutrace looks for, as far as it can:

- `tcpdump -i any -w /dev/null 'greater 1465'` in the node's namespace; *in each namespace*: in the pod's, too, which one would have to know of.
- `bpftrace` counts packets of more than 1464 bytes (`net:netif_receive_skb`) and drops (`skb:kfree_skb`) in the kernel.
- `tcpdrop-bpfcc` and `dropwatch -l kas` see drops alone.

Own CPU is that of the tool's processes, percent of one CPU; BPF programs run in the time of whoever sends, which is in the path's. \"BPF runs/packet\" and \"ns/packet\" are the kernel's own count
(`kernel.bpf_stats_enabled`) over packets sent, and hold what counting takes; tcpdump's filter is not counted there. Idle is without traffic of the lab.";

const SHARES: &str = "\
Which of mtutrace's programs those are. A packet up meets a classifier where it enters the pod's bridge, the node's bridge and the uplink, however many ports those have. `mtut_sendlen` stands in on
kernels without kprobes for one that runs only when a send is refused (`ip_local_error`): there is nothing that tells beforehand who will send with DF, so that it has to look at the result of every send.";

const COUNTED: &str = "\
The same two paths in a virtual machine whose clock goes on by a nanosecond with each instruction of its CPU (`qemu -icount shift=0`): what a packet takes is counted, and is the same each time. The
guest has one CPU and kprobes; everything that the packet makes the kernel do is counted, to the receiver's queue. An instruction of an emulated CPU is no measure of time, but nothing of it is noise.
`cargo xtask bench --instructions` does this alone.";

const EVENTS: &str = "\
Each packet is too big, dies on the nested path of the founding incident, and makes several records. There are two drops for each: its own, and that of the ICMP about it, which the incident's
firewall does not let pass. A source has a budget of 100 records a second of each signal: what is more is counted and left out
([ARCHITECTURE.md](ARCHITECTURE.md#nobody-drowns-out-the-others)). \"Unaccounted\" is records less those told, left out, lost or not understood: 0, or the books are wrong.";

const CROWD: &str = "\
Containers, a thousand on one bridge, each with a network namespace, a cgroup and a veth; the first one sends to its bridge. What else this machine runs is traced as well. mtutrace is ready once the host's
devices carry classifiers, and a share of each other namespace's; this bridge and its ports are in one of those, so that attaching goes on then. Packets and idleness are measured after that, and once new ports have no more news
of themselves, which are heard for a quarter of a minute. Idle CPU is that of the last start, from a quarter of a minute after it on: what is new is looked at more closely at first.";

/// Writes both below `root`.
pub(super) fn write(root: &Path, report: &Report) -> Result<()> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for plot in &PLOTS {
        let path = folder.join(plot.file);
        fs::write(&path, plot.svg(report)?).with_context(|| path.display().to_string())?;
    }
    let path = root.join(FILE);
    fs::write(&path, text(report)).with_context(|| path.display().to_string())
}

fn text(report: &Report) -> String {
    let parts = [
        BEGINNING.to_owned(),
        tables::machine(report),
        METHOD.to_owned(),
        section("What is aimed at", GOALS, &goals::table(report), &[]),
        section("One program, one packet", PACKETS, &tables::packets(&report.bench), &["packets.svg"]),
        format!("{SIZES}\n\n{}", trimmed(&tables::sizes(&report.bench))),
        section("Ordinary traffic, and other tools", LIVE, &tables::live(&report.live), &["tools.svg"]),
        format!("{SHARES}\n\n{}", trimmed(&tables::shares(&report.live))),
        report.counted.as_ref().map_or_else(String::new, counted),
        section("Packets that are too big", EVENTS, &tables::events(report), &["latency.svg"]),
        section(
            "Many containers",
            CROWD,
            &tables::crowd(&report.crowd),
            &["devices.svg", "start.svg", "memory.svg"],
        ),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    parts.join("\n\n") + "\n"
}

fn counted(counted: &Counted) -> String {
    let words = format!("{COUNTED} Linux {}.", counted.kernel);
    section("The same, counted in instructions", &words, &tables::counted(counted), &[])
}

fn section(title: &str, words: &str, table: &Table, files: &[&str]) -> String {
    let picture = |file: &&str| {
        let title = plots::of(file).map_or("", |plot| plot.title);
        format!("![{title}](performance/{file})")
    };
    let parts = [format!("## {title}"), words.to_owned(), trimmed(table)];
    parts.into_iter().chain(files.iter().map(picture)).collect::<Vec<_>>().join("\n\n")
}

fn trimmed(table: &Table) -> String {
    table.to_string().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn every_plot_is_shown_and_every_picture_is_one() {
        let text = text(&sample());
        for plot in &PLOTS {
            assert!(text.contains(&format!("![{}](performance/{})", plot.title, plot.file)), "{}", plot.file);
        }
        assert_eq!(text.matches("](performance/").count(), PLOTS.len());
        assert!(text.contains("Linux 6.12.0.\n\n| path"), "what was counted");
        assert!(!text.contains("\n\n\n") && text.ends_with(")\n"));
    }

    #[test]
    fn it_is_written_where_it_belongs() {
        let root = mtutrace_tests::lab::name::temporary("bench-docs");
        fs::create_dir_all(root.join("docs")).unwrap();
        let written = write(&root, &sample());
        let files = fs::read_dir(root.join(FOLDER)).unwrap().count();
        let text = fs::read_to_string(root.join(FILE)).unwrap();
        fs::remove_dir_all(&root).unwrap();
        written.unwrap();
        assert_eq!(files, PLOTS.len());
        assert!(text.contains("An Example CPU"));
    }
}
