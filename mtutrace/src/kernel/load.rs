//! Loads the BPF object with what the running kernel's BTF says, and attaches what belongs to no device.
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use aya::maps::{Array, MapData};
use aya::programs::{Program, ProgramError};
use aya::{Ebpf, EbpfLoader};
use mtutrace_common::config::{DropSite, MAX_DROP_SITES, RING_BYTES, Reasons};
use mtutrace_common::offsets::Offsets;

use super::btf::{self, Btf, BtfError};
use super::error::chain;
use super::hooks::{HOOKS, Hook, Outcome};
use super::offsets;
use super::place::{Kernel, place_all};
use super::symbols::{self, Symbols};

/// The BPF object, built and embedded by build.rs.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/mtutrace-ebpf"));

/// Why nothing can be traced.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel took not even the maps.
    #[error("the kernel refused the BPF object: {0}")]
    Object(#[from] aya::EbpfError),
    /// No hook is left.
    #[error("none of the hooks can be used here: {0}")]
    Nothing(String),
    /// A classifier is refused.
    #[error("{name}: {}", chain(.source))]
    Classifier {
        /// The program.
        name: String,
        /// What the kernel said.
        source: ProgramError,
    },
}

/// The loaded object.
pub(crate) struct Loaded {
    /// Programs and maps; dropping it detaches everything.
    pub(crate) ebpf: Ebpf,
    /// Outcome for each of [`HOOKS`].
    pub(crate) outcome: Vec<Outcome>,
    /// Drop reasons of this kernel by number, without their prefix.
    pub(crate) reasons: std::collections::BTreeMap<u32, String>,
    /// Kernel symbols, to name the places of drops; absent where the kernel hides them.
    pub(crate) symbols: Option<Symbols>,
}

/// How to load.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The kernel side writes its debug log.
    pub(crate) log: bool,
    /// Kprobes are left out, as on a kernel without them.
    pub(crate) no_kprobes: bool,
    /// The kernel's BTF, where it is not in [`btf::VMLINUX`].
    pub(crate) kernel_btf: Option<PathBuf>,
    /// Size of the ring that carries events: a power of two, and whole pages.
    pub(crate) ring_bytes: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { log: false, no_kprobes: false, kernel_btf: None, ring_bytes: RING_BYTES }
    }
}

impl Options {
    /// Checks what the command line gave.
    ///
    /// # Errors
    /// When a BTF was named that cannot be read.
    pub(crate) fn check(&self) -> Result<(), BtfError> {
        let Some(path) = &self.kernel_btf else { return Ok(()) };
        Btf::read(path).map(drop)
    }

    /// With the bridge's types, which are a module's on most kernels; if that is not loaded there is no bridge yet.
    fn btf(&self) -> Result<Btf, BtfError> {
        let kernel = Btf::read(self.kernel_btf.as_deref().unwrap_or(Path::new(btf::VMLINUX)))?;
        if self.kernel_btf.is_some() || kernel.field("net_bridge_port.dev").is_some() {
            return Ok(kernel);
        }
        match std::fs::read(btf::BRIDGE) {
            Ok(module) => kernel.with_module(module).or(Ok(kernel)),
            Err(_) => Ok(kernel),
        }
    }
}

/// Loads and attaches all that does not belong to a device; the classifiers are loaded for `attach`.
///
/// # Errors
/// When the object cannot be loaded at all, or no hook is left.
pub(crate) fn load(options: &Options) -> Result<Loaded, LoadError> {
    let btf = options.btf();
    let (offsets, missing) = match &btf {
        Ok(btf) => offsets::resolve(btf),
        Err(_) => (Offsets::NONE, Vec::new()),
    };
    let mut ebpf = object(options, &offsets, btf.as_ref().ok(), seed())?;
    let symbols = Symbols::read(symbols::KALLSYMS);
    match &symbols {
        Ok(symbols) => set_drop_sites(&mut ebpf, &symbols::drop_sites(symbols)),
        Err(e) => tracing::warn!("drops that have no reason of their own will not be seen: {e}"),
    }
    let kernel = Kernel {
        lacking: btf.as_ref().map(|_| missing),
        symbols: symbols.as_ref().ok(),
        no_kprobes: options.no_kprobes,
    };
    let outcome = place_all(&mut ebpf, &kernel);
    let refusals: Vec<String> =
        HOOKS.iter().zip(&outcome).filter_map(|(hook, outcome)| refusal(hook, outcome)).collect();
    if refusals.len() == HOOKS.len() {
        return Err(LoadError::Nothing(refusals.join("; ")));
    }
    let reasons = btf.as_ref().map(offsets::reason_names).unwrap_or_default();
    Ok(Loaded { ebpf, outcome, reasons, symbols: symbols.ok() })
}

/// The object with its constants set, as the kernel takes it; none of its programs is loaded yet.
fn object(options: &Options, offsets: &Offsets, btf: Option<&Btf>, seed: u64) -> Result<Ebpf, LoadError> {
    let reasons = btf.map_or_else(Reasons::default, offsets::reasons);
    // aya-log's levels go from 1 (error) to 5 (trace); 0 is none.
    let level: u8 = if options.log { 4 } else { 0 };
    let ebpf = EbpfLoader::new()
        .override_global("OFFSETS", bytemuck::bytes_of(offsets), true)
        .override_global("SEED", &seed, true)
        .override_global("REASONS", bytemuck::bytes_of(&reasons), true)
        .override_global("AYA_LOG_LEVEL", &level, false)
        .map_max_entries("EVENTS", options.ring_bytes)
        .load(OBJECT)?;
    Ok(ebpf)
}

/// A number that nobody can foresee; with 0 there are no budgets.
fn seed() -> u64 {
    // The keys of std's hashers come from the kernel (getrandom).
    RandomState::new().build_hasher().finish() | 1
}

/// The object as a run of no options has it.
fn unattached(seed: u64) -> Result<Ebpf, LoadError> {
    let options = Options::default();
    let btf = options.btf().ok();
    let (offsets, _) = btf.as_ref().map_or((Offsets::NONE, Vec::new()), offsets::resolve);
    object(&options, &offsets, btf.as_ref(), seed)
}

/// Loads every program that this kernel takes, with the constants of a run, and attaches none.
///
/// # Errors
/// When the kernel refuses the object.
pub(crate) fn load_unattached() -> Result<Ebpf, LoadError> {
    let mut ebpf = unattached(seed())?;
    for (name, program) in ebpf.programs_mut() {
        let loaded = match program {
            Program::SchedClassifier(program) => program.load(),
            Program::RawTracePoint(program) => program.load(),
            Program::KProbe(program) => program.load(),
            _ => Ok(()),
        };
        if let Err(e) = loaded {
            tracing::debug!("{name} is not loaded: {}", chain(&e));
        }
    }
    Ok(ebpf)
}

/// Loads just the classifiers, without budgets for what they send, and the empty one that they are measured against.
///
/// # Errors
/// When the kernel refuses one.
pub fn load_classifiers() -> Result<Ebpf, LoadError> {
    let mut ebpf = unattached(0)?;
    for (name, program) in ebpf.programs_mut() {
        if let Program::SchedClassifier(classifier) = program {
            classifier.load().map_err(|source| LoadError::Classifier { name: name.to_owned(), source })?;
        }
    }
    Ok(ebpf)
}

fn refusal(hook: &Hook, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Missing(why) => Some(format!("{}: {why}", hook.name())),
        Outcome::Attached | Outcome::Standby => None,
    }
}

/// A [`DropSite`] table as aya wants map values.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Sites([DropSite; MAX_DROP_SITES as usize]);

// SAFETY: integers only, without padding (`DropSite` derives bytemuck's Pod).
unsafe impl aya::Pod for Sites {}

fn set_drop_sites(ebpf: &mut Ebpf, sites: &[DropSite]) {
    let mut table = Sites([DropSite::default(); MAX_DROP_SITES as usize]);
    for (slot, site) in table.0.iter_mut().zip(sites) {
        *slot = *site;
    }
    let map = ebpf.map_mut("DROP_SITES").and_then(|map| Array::<&mut MapData, Sites>::try_from(map).ok());
    if map.and_then(|mut map| map.set(0, table, 0).ok()).is_none() {
        tracing::warn!("the kernel did not take the table of drop sites: silent drops will not be seen");
    }
}
