//! Why something is not BTF that can be read here.
use std::path::PathBuf;

/// Why something is not BTF that can be read here.
#[derive(Debug, thiserror::Error)]
pub enum BtfError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Shorter than its header says it is.
    #[error("BTF ends within its {part}")]
    Truncated {
        /// Header, type section or string section.
        part: &'static str,
    },
    /// Not BTF at all, or of a machine with the other byte order.
    #[error("not BTF of this machine's byte order: it starts with {0:#06x} instead of 0xeb9f")]
    Magic(u16),
    /// A format that came after this program.
    #[error("BTF version {version} with flags {flags:#x} is unknown; version 1 without flags is known")]
    Version {
        /// `btf_header.version`
        version: u8,
        /// `btf_header.flags`
        flags: u8,
    },
    /// A kind whose size is unknown, so that nothing after it can be found.
    #[error("type {id} is of kind {kind}; kinds 1 to 19 are known")]
    Kind {
        /// The type's id.
        id: u32,
        /// Its `BTF_KIND_*`.
        kind: u8,
    },
    /// The string section must end with a NUL (kernel: `btf_parse_str_sec`).
    #[error("the string section of the BTF does not end with a NUL")]
    Strings,
}
