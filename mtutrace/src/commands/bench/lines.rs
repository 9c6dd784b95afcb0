//! What `bench` prints.
use std::io::Write;

use aya::Ebpf;
use aya::programs::Program;
use schemars::JsonSchema;
use serde::Serialize;

use crate::output::format::Format;
use crate::output::json::line;

/// The line of `-o json`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BenchLine<'a> {
    v: u32,
    kind: &'static str,
    rows: &'a [Measurement],
    /// Every program that this kernel takes, also those of hooks that stay on standby here.
    programs: &'a [Size],
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "BenchRow")]
pub(crate) struct Measurement {
    /// The program's name in the kernel.
    pub(super) program: String,
    /// The kind of packet.
    pub(super) packet: &'static str,
    /// Nanoseconds of one run: the median of the rounds.
    pub(super) ns: f64,
    /// Times an empty program that ran right before, the median of the rounds.
    pub(super) ratio: f64,
    /// The fastest round, nanoseconds of one run.
    pub(super) ns_min: f64,
    /// The slowest one.
    pub(super) ns_max: f64,
}

/// How large a program is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "BenchProgram")]
pub(crate) struct Size {
    program: String,
    /// Instructions after the verifier's rewriting, 8 bytes each (`xlated_prog_len` of `bpf_prog_info`).
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u32>,
    /// Instructions that the verifier walked (`verified_insns`, from Linux 5.16 on); a million is its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<u32>,
}

/// The sizes of all programs that are loaded.
pub(super) fn sizes(ebpf: &Ebpf) -> Vec<Size> {
    let size = |(name, program): (&str, &Program)| {
        let info = program.info().ok()?;
        let instructions = info.size_translated().map(|bytes| bytes / 8);
        Some(Size { program: name.to_owned(), instructions, verified: info.verified_instruction_count() })
    };
    let mut sizes: Vec<Size> = ebpf.programs().filter_map(size).collect();
    sizes.sort_by(|a, b| a.program.cmp(&b.program));
    sizes
}

/// Writes both lists.
///
/// # Errors
/// When stdout cannot be written to.
pub(super) fn print(format: Format, rows: &[Measurement], programs: &[Size]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => {
            line::write(&mut out, &BenchLine { v: 1, kind: "bench", rows, programs })?;
            writeln!(out)
        }
        Format::Text => text(&mut out, rows, programs),
    }
}

fn text(out: &mut impl Write, rows: &[Measurement], programs: &[Size]) -> std::io::Result<()> {
    writeln!(
        out,
        "{:<14} {:<28} {:>8} {:>24} {:>14}",
        "program", "packet", "ns/run", "ratio to an empty program", "ns, min–max"
    )?;
    for row in rows {
        let range = format!("{:.0}–{:.0}", row.ns_min, row.ns_max);
        writeln!(
            out,
            "{:<14} {:<28} {:>8.0} {:>25.2} {range:>14}",
            row.program, row.packet, row.ns, row.ratio
        )?;
    }
    writeln!(out, "\n{:<14} {:>12} {:>12}", "program", "instructions", "verified")?;
    for size in programs {
        let number = |value: Option<u32>| value.map_or("unknown".to_owned(), |value| value.to_string());
        writeln!(
            out,
            "{:<14} {:>12} {:>12}",
            size.program,
            number(size.instructions),
            number(size.verified)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_a_line_for_each_row_and_says_what_is_unknown() {
        let row = Measurement {
            program: "mtut_in".to_owned(),
            packet: "ordinary",
            ns: 50.0,
            ratio: 1.25,
            ns_min: 48.0,
            ns_max: 61.0,
        };
        let size = Size { program: "mtut_in".to_owned(), instructions: Some(100), verified: None };
        let mut out = Vec::new();
        text(&mut out, &[row], &[size]).expect("a vector takes all");
        let said = String::from_utf8(out).expect("text");
        let words: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[1], ["mtut_in", "ordinary", "50", "1.25", "48–61"]);
        assert_eq!(words[4], ["mtut_in", "100", "unknown"]);
    }
}
