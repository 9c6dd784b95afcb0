//! `btf-extract FROM TO`: the part of a kernel's BTF that mtutrace reads, a few kilobytes, to keep as a fixture.
//!
//! It works on the raw types, not with the reader under test; that one must then find the same in the small file
//! as in the large one. `cargo xtask btf` calls it for every kernel of the matrix.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result, ensure};
use mtutrace::kernel::btf::Btf;
use mtutrace::kernel::offsets;

/// Kept whole, for the numbers of the drop reasons.
const ENUM: &str = "skb_drop_reason";
/// Tracepoints whose number of arguments is asked for, or may be.
const TRACEPOINTS: [&str; 4] = ["kfree_skb", "icmp_send", "tcp_retransmit_skb", "sock_send_length"];

/// `BTF_KIND_*` (include/uapi/linux/btf.h), those that need treatment of their own.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
    pub(super) const FLOAT: u32 = 16;
    pub(super) const DECL_TAG: u32 = 17;
    pub(super) const ENUM64: u32 = 19;
    /// Typedef, volatile, const, restrict, type tag: another name for the type that they refer to.
    pub(super) const ALIASES: [u32; 5] = [TYPEDEF, 9, 10, 11, 18];
}

/// `struct btf_type` and what follows it, as words.
struct Type {
    name: u32,
    kind: u32,
    flag: bool,
    count: usize,
    value: u32,
    body: Vec<u32>,
}

impl Type {
    /// Words of each member, variant or parameter.
    fn stride(&self) -> Option<usize> {
        match self.kind {
            kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => Some(3),
            kind::ENUM | kind::FUNC_PROTO => Some(2),
            _ => None,
        }
    }

    fn is_aggregate(&self) -> bool {
        matches!(self.kind, kind::STRUCT | kind::UNION)
    }
}

/// BTF taken apart. Type 0 is void.
struct Source {
    types: Vec<Type>,
    strings: Vec<u8>,
}

impl Source {
    fn parse(data: &[u8]) -> Result<Self> {
        let word = |at: usize| {
            let bytes = data.get(at..).and_then(<[u8]>::first_chunk::<4>).context("BTF ends early")?;
            Ok::<_, anyhow::Error>(u32::from_ne_bytes(*bytes))
        };
        let size = |at: usize| Ok::<_, anyhow::Error>(word(at)? as usize);
        let header = size(4)?;
        let (mut at, end) = (header + size(8)?, header + size(8)? + size(12)?);
        let strings = header + size(16)?;
        let strings = data.get(strings..strings + size(20)?).context("BTF ends early")?.to_vec();
        let mut types = vec![Type { name: 0, kind: 0, flag: false, count: 0, value: 0, body: Vec::new() }];
        while at < end {
            let info = word(at + 4)?;
            let (kind, count) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
            let mut found = Type {
                name: word(at)?,
                kind,
                flag: info >> 31 == 1,
                count,
                value: word(at + 8)?,
                body: Vec::new(),
            };
            let words = match kind {
                kind::INT | kind::VAR | kind::DECL_TAG => 1,
                kind::ARRAY => 3,
                _ => found.stride().map_or(0, |stride| stride * count),
            };
            found.body = (0..words).map(|i| word(at + 12 + i * 4)).collect::<Result<_>>()?;
            types.push(found);
            at += 12 + words * 4;
        }
        Ok(Self { types, strings })
    }

    fn text(&self, at: u32) -> &[u8] {
        let tail = self.strings.get(at as usize..).unwrap_or_default();
        tail.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    fn get(&self, id: u32) -> &Type {
        self.types.get(id as usize).unwrap_or(&self.types[0])
    }

    /// Ids of the types of a name and one of these kinds.
    fn named<'a>(&'a self, name: &'a str, kinds: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let hit = move |found: &Type| kinds.contains(&found.kind) && self.text(found.name) == name.as_bytes();
        (0u32..).zip(&self.types).filter(move |(_, found)| hit(found)).map(|(id, _)| id)
    }
}

/// What is kept: ids, and of each the numbers of its members. A struct that nothing looks into has none.
struct Extract<'a> {
    source: &'a Source,
    kept: BTreeMap<u32, BTreeSet<usize>>,
}

impl Extract<'_> {
    fn keep(&mut self, id: u32) -> &mut BTreeSet<usize> {
        self.kept.entry(id).or_default()
    }

    /// Keeps a type and its other names, and gives back the one behind them.
    fn plain(&mut self, mut id: u32) -> u32 {
        while id != 0 {
            self.keep(id);
            let found = self.source.get(id);
            if !kind::ALIASES.contains(&found.kind) {
                break;
            }
            id = found.value;
        }
        id
    }

    /// Keeps a type for its size only.
    fn leaf(&mut self, id: u32) {
        let plain = self.plain(id);
        let found = self.source.get(plain);
        if found.kind == kind::ARRAY {
            let [element, index] = [found.body[0], found.body[1]];
            self.leaf(element);
            self.leaf(index);
        }
    }

    /// Keeps the way to a field, if there is one.
    fn path(&mut self, id: u32, names: &[&str]) -> bool {
        let plain = self.behind(id);
        let Some((first, rest)) = names.split_first() else {
            self.leaf(id);
            return true;
        };
        let found = self.source.get(plain);
        if !found.is_aggregate() {
            return false;
        }
        for number in 0..found.count {
            let [name, member] = [found.body[number * 3], found.body[number * 3 + 1]];
            let name = self.source.text(name);
            let hit = if name == first.as_bytes() {
                self.path(member, rest)
            } else {
                name.is_empty() && self.path(member, names)
            };
            if hit {
                self.plain(id);
                self.keep(plain).insert(number);
                return true;
            }
        }
        false
    }

    /// The type behind other names, nothing kept yet.
    fn behind(&self, mut id: u32) -> u32 {
        while kind::ALIASES.contains(&self.source.get(id).kind) {
            id = self.source.get(id).value;
        }
        id
    }

    /// A tracepoint's typedef, the pointer it is, and the prototype that this points to.
    fn tracepoint(&mut self, name: &str) {
        for id in self.source.named(name, &[kind::TYPEDEF]).collect::<Vec<_>>() {
            let pointer = self.plain(id);
            let prototype = self.plain(self.source.get(pointer).value);
            let found = self.source.get(prototype);
            for number in 0..found.count {
                self.keep(prototype).insert(number);
                self.leaf(found.body[number * 2 + 1]);
            }
        }
    }

    fn write(&self) -> Vec<u8> {
        let ids = self.kept.keys().zip(1u32..).map(|(old, new)| (*old, new)).collect::<HashMap<_, _>>();
        let id = |old: u32| ids.get(&old).copied().unwrap_or(0);
        let mut strings = Strings::default();
        let mut types = Vec::new();
        for (old, members) in &self.kept {
            let found = self.source.get(*old);
            let value = match found.kind {
                kind::INT | kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64 | kind::FLOAT => {
                    found.value
                }
                // A pointer to nothing that is kept points to void.
                _ => id(found.value),
            };
            let count = if found.stride().is_some() { members.len() } else { found.count };
            let name = strings.add(self.source.text(found.name));
            let info = u32::from(found.flag) << 31 | found.kind << 24 | count as u32;
            types.extend([name, info, value]);
            match (found.kind, found.stride()) {
                (kind::ARRAY, _) => types.extend([id(found.body[0]), id(found.body[1]), found.body[2]]),
                (_, None) => types.extend(&found.body),
                (number, Some(stride)) => {
                    for words in members.iter().map(|member| &found.body[member * stride..][..stride]) {
                        types.push(strings.add(self.source.text(words[0])));
                        let refers = !matches!(number, kind::ENUM | kind::ENUM64);
                        types.push(if refers { id(words[1]) } else { words[1] });
                        types.extend(&words[2..]);
                    }
                }
            }
        }
        let (length, strings) = (types.len() as u32 * 4, strings.bytes);
        let mut data = 0xeb9fu16.to_ne_bytes().to_vec();
        data.extend([1, 0]);
        let header = [24, 0, length, length, strings.len() as u32];
        data.extend(header.into_iter().chain(types).flat_map(u32::to_ne_bytes));
        data.extend(strings);
        data
    }
}

/// A string section in the making; each string once, the empty one first.
struct Strings {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { bytes: vec![0], known: HashMap::from([(Vec::new(), 0)]) }
    }
}

impl Strings {
    fn add(&mut self, text: &[u8]) -> u32 {
        if let Some(at) = self.known.get(text) {
            return *at;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend(text);
        self.bytes.push(0);
        self.known.insert(text.to_vec(), at);
        at
    }
}

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

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    let (from, to) = args.next().zip(args.next()).context("btf-extract FROM TO")?;
    let data = std::fs::read(&from).with_context(|| from.display().to_string())?;
    let small = extract(&data)?;
    let [whole, part] = [data, small.clone()].map(Btf::parse);
    let (whole, part) = (whole?, part?);
    ensure!(offsets::resolve(&whole) == offsets::resolve(&part), "the extract has other offsets");
    ensure!(offsets::reasons(&whole) == offsets::reasons(&part), "the extract has other drop reasons");
    for name in TRACEPOINTS.map(|name| format!("btf_trace_{name}")) {
        ensure!(whole.func_args(&name) == part.func_args(&name), "the extract has another {name}");
    }
    std::fs::write(&to, small).with_context(|| to.display().to_string())
}
