//! Examples of each command: for `--help` and for its man page.

/// Commands, each with what it does.
type Examples = &'static [(&'static str, &'static str)];

/// Of one command; empty where its options say it all.
pub fn of(command: &str) -> Examples {
    match command {
        "mtutrace" => &[
            ("mtutrace map", "Before anything is sent: every container's egress path, mismatches marked."),
            ("mtutrace run", "Trace this node: a screen on a terminal, text in a pipe, a report at the end."),
            ("mtutrace doctor", "What can be traced on this kernel, and why not."),
        ],
        "run" => &[
            (
                "mtutrace run --duration 30s --exit-code",
                "Trace for 30 s; exit code 1 if an MTU problem was found.",
            ),
            ("mtutrace run --json --only verdict | jq .summary", "Only what is wrong, as JSON."),
            (
                "mtutrace run --container build --count 100",
                "A container, and what runs inside it; 100 events.",
            ),
            ("mtutrace run host 10.0.0.1 and tcp port 443", "These flows, in tcpdump's words."),
            ("mtutrace run --json --only verdict,status --rate-limit 60/m", "For a log."),
        ],
        "record" => &[
            (
                "mtutrace record -w incident.pcapng --duration 5m",
                "Keep five minutes for replay, report and Wireshark.",
            ),
            (
                "mtutrace record -w /var/lib/mtutrace/node.pcapng --ring 60s --json --only verdict",
                "Flight recorder: the last minute is written when a verdict appears.",
            ),
            (
                "mtutrace record -w node.pcapng --rotate-size 100M --rotate-count 10",
                "The last gigabyte at most.",
            ),
        ],
        "replay" => &[
            ("mtutrace replay incident.pcapng", "As it was, on the screen."),
            ("mtutrace replay incident.pcapng --json --only verdict", "What was wrong, as JSON."),
            ("mtutrace replay incident.pcapng --since 30s --until 60s", "Half a minute of it."),
        ],
        "report" => &[
            ("mtutrace report incident.pcapng -w incident.html", "A page that can be sent to anybody."),
            (
                "mtutrace report after.pcapng --compare before.pcapng --format markdown",
                "Is it fixed? For a ticket.",
            ),
            ("mtutrace report incident.pcapng --format json | jq .headline", "For a program."),
        ],
        "map" => &[
            ("mtutrace map --container build", "The path of one container."),
            ("mtutrace map --json | jq .mismatches", "How many paths have a wrong MTU."),
        ],
        "doctor" => &[("mtutrace doctor --json | jq -c '.hooks[]'", "Each hook on a line.")],
        "bench" => &[("mtutrace bench --rounds 5", "A quicker, coarser measurement.")],
        "schema" => &[("mtutrace schema verdict", "The JSON Schema of verdicts.")],
        "completion" => {
            &[("mtutrace completion bash > /etc/bash_completion.d/mtutrace", "For all users of bash.")]
        }
        _ => &[],
    }
}

/// As the end of a help text.
pub(super) fn help(command: &str) -> String {
    let mut text = String::from("Examples:");
    for (line, what) in of(command) {
        text += &format!("\n  {line}\n      {what}");
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn each_command_has_some_that_can_be_parsed() {
        let commands = Cli::command();
        let names = commands.get_subcommands().map(|command| command.get_name()).chain(["mtutrace"]);
        for name in names.filter(|name| *name != "help") {
            assert!(!of(name).is_empty(), "{name}");
            for (line, _) in of(name) {
                let words = line.split(['|', '>']).next().unwrap_or_default().split_whitespace();
                Cli::command().try_get_matches_from(words).unwrap();
            }
        }
    }
}
