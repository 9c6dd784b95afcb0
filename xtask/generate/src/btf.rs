//! The part of a kernel's BTF that mtutrace reads, a few kilobytes, to keep as a fixture.
//!
//! It works on the raw types, not with the reader under test; that one must then find the same in the small file
//! as in the large one. `cargo xtask btf` calls it for every kernel of the matrix.

mod extract;
mod source;
mod strings;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use mtutrace::kernel::btf::Btf;
use mtutrace::kernel::offsets;

use self::extract::Extract;
use self::source::{Source, kind};

/// Kept whole, for the numbers of the drop reasons.
const ENUM: &str = "skb_drop_reason";
/// Tracepoints whose number of arguments is asked for, or may be.
const TRACEPOINTS: [&str; 4] = ["kfree_skb", "icmp_send", "tcp_retransmit_skb", "sock_send_length"];

fn extract(data: &[u8]) -> Result<Vec<u8>> {
    let source = Source::parse(data)?;
    let mut extract = Extract { source: &source, kept: BTreeMap::new() };
    for path in offsets::fields() {
        let names = path.split('.').collect::<Vec<_>>();
        // Of several structs with that name, the first with the field, as the reader has it.
        let roots = source.named(names[0], &[kind::STRUCT, kind::UNION]).collect::<Vec<_>>();
        roots.into_iter().any(|root| extract.path(root, &names[1..]));
    }
    for id in source.named(ENUM, &[kind::ENUM, kind::ENUM64]) {
        extract.keep(id).extend(0..source.get(id).count);
    }
    for name in TRACEPOINTS {
        extract.tracepoint(&format!("btf_trace_{name}"));
    }
    Ok(extract.write())
}

/// Writes the part of `from` that mtutrace reads to `to`, once it has found the same in both.
pub(crate) fn write(from: &Path, to: &Path) -> Result<()> {
    let data = std::fs::read(from).with_context(|| from.display().to_string())?;
    let small = extract(&data)?;
    let [whole, part] = [data, small.clone()].map(Btf::parse);
    let (whole, part) = (whole?, part?);
    ensure!(offsets::resolve(&whole) == offsets::resolve(&part), "the extract has other offsets");
    ensure!(offsets::reasons(&whole) == offsets::reasons(&part), "the extract has other drop reasons");
    for name in TRACEPOINTS.map(|name| format!("btf_trace_{name}")) {
        ensure!(whole.func_args(&name) == part.func_args(&name), "the extract has another {name}");
    }
    std::fs::write(to, small).with_context(|| to.display().to_string())
}
