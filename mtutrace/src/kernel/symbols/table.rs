//! The functions, sorted by address.
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The last function of a region seems to reach up to the next region; nothing real is longer than this.
const MAX_FUNCTION: u64 = 256 * 1024;
/// Padding and type hashes before a function (objtool, kCFI). They aren't run, and would double the table.
const PADDING: [&str; 2] = ["__pfx_", "__cfi_"];

/// Why the kernel's symbols are unknown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SymbolError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// All addresses are zero (`kallsyms_show_value`).
    #[error(
        "the kernel hides its symbol addresses: run as root or with CAP_SYSLOG, and if they stay hidden, \
         let an administrator set kernel.kptr_restrict to 1 (at 2, which `sysctl kernel.kptr_restrict` shows, \
         they are hidden from everyone)"
    )]
    Hidden,
    /// Not one function in it.
    #[error("no kernel function is listed; the kernel needs CONFIG_KALLSYMS=y")]
    Empty,
}

/// The functions of the kernel and its modules, sorted by address.
///
/// A snapshot: modules that load later are in a later one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    pub(super) entries: Vec<Entry>,
    /// All names, one after the other.
    pub(super) names: String,
}

/// Sixteen bytes, since there are some hundred thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) address: u64,
    name: u32,
    length: u16,
}

impl Symbols {
    /// Reads a file such as [`super::KALLSYMS`].
    ///
    /// # Errors
    /// When it cannot be read, hides its addresses, or has no functions.
    pub(crate) fn read(path: impl AsRef<Path>) -> Result<Symbols, SymbolError> {
        let path = path.as_ref();
        let io = |source| SymbolError::Io { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        let mut symbols = Builder::default();
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut line = Vec::with_capacity(256);
        while reader.read_until(b'\n', &mut line).map_err(io)? > 0 {
            symbols.line(&line);
            line.clear();
        }
        symbols.finish()
    }

    /// As [`Symbols::read`], from what such a file contains.
    ///
    /// # Errors
    /// When the addresses are hidden or there are no functions.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn parse(data: &[u8]) -> Result<Symbols, SymbolError> {
        let mut symbols = Builder::default();
        data.split(|byte| *byte == b'\n').for_each(|line| symbols.line(line));
        symbols.finish()
    }

    /// Adds functions of a recording: the address that each begins at, and its name. More than so many are left out.
    pub(crate) fn add(&mut self, functions: Vec<(u64, String)>) {
        const MOST: usize = 65_536;
        for (address, name) in functions.into_iter().take(MOST.saturating_sub(self.entries.len())) {
            let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len())) else {
                continue;
            };
            self.names.push_str(&name);
            self.entries.push(Entry { address, name: start, length });
        }
        self.entries.sort_by_key(|entry| entry.address);
    }

    /// Number of functions.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The function that contains this address, and the offset in it.
    pub(crate) fn lookup(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.entries.partition_point(|entry| entry.address <= address);
        let last = self.entries.get(after.checked_sub(1)?)?;
        // Of several names for one address, the first that the kernel lists.
        let first = self.entries.partition_point(|entry| entry.address < last.address);
        let offset = address.checked_sub(last.address).filter(|offset| *offset < MAX_FUNCTION)?;
        Some((self.name(self.entries.get(first)?), offset))
    }

    /// First address, and first address after, of the function with exactly this name; of several, the lowest.
    pub(crate) fn range(&self, name: &str) -> Option<(u64, u64)> {
        let index = self.entries.iter().position(|entry| self.name(entry) == name)?;
        self.range_at(index)
    }

    pub(super) fn range_at(&self, index: usize) -> Option<(u64, u64)> {
        let start = self.entries.get(index)?.address;
        let limit = start.saturating_add(MAX_FUNCTION);
        let mut after = self.entries.get(index..)?.iter().map(|entry| entry.address);
        let end = after.find(|address| *address > start).unwrap_or(limit);
        Some((start, end.min(limit)))
    }

    pub(super) fn name(&self, entry: &Entry) -> &str {
        let start = usize::try_from(entry.name).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::from(entry.length));
        self.names.get(start..end).unwrap_or_default()
    }
}

/// Whether `symbol` is `name`, or a part or clone that a compiler makes of it: `ip_fragment` is also
/// `ip_fragment.constprop.0`, `.isra.0`, `.part.0` and `.cold`. C has no dot in its names.
pub(super) fn is_clone(symbol: &str, name: &str) -> bool {
    let suffix = symbol.strip_prefix(name).filter(|_| !name.is_empty());
    suffix.is_some_and(|suffix| suffix.is_empty() || suffix.starts_with('.'))
}

#[derive(Default)]
struct Builder {
    symbols: Symbols,
    hidden: bool,
}

impl Builder {
    /// Takes a line `ffffffff81ff4c50 T ip_forward`, also with a module's name after a tab; skips all else.
    fn line(&mut self, line: &[u8]) {
        let Some((address, name)) = function(line) else { return };
        if address == 0 {
            self.hidden = true;
            return;
        }
        let names = &mut self.symbols.names;
        let (Ok(start), Ok(length)) = (u32::try_from(names.len()), u16::try_from(name.len())) else { return };
        names.push_str(name);
        self.symbols.entries.push(Entry { address, name: start, length });
    }

    fn finish(self) -> Result<Symbols, SymbolError> {
        let Builder { mut symbols, hidden } = self;
        if symbols.is_empty() {
            return Err(if hidden { SymbolError::Hidden } else { SymbolError::Empty });
        }
        // Stable, and nearly sorted already: only the modules are not.
        symbols.entries.sort_by_key(|entry| entry.address);
        symbols.entries.shrink_to_fit();
        symbols.names.shrink_to_fit();
        Ok(symbols)
    }
}

/// Address and name of a line about a function (`t`, `T`, and weak ones `w`, `W`).
fn function(line: &[u8]) -> Option<(u64, &str)> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (address, kind, name) = (words.next()?, words.next()?, words.next()?);
    if !matches!(kind, b"t" | b"T" | b"w" | b"W") {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    if PADDING.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    Some((u64::from_str_radix(std::str::from_utf8(address).ok()?, 16).ok()?, name))
}
