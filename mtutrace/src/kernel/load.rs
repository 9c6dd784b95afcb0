//! Loads the BPF object with what the running kernel's BTF says, and attaches what belongs to no device.
use crate::kernel::btf::BtfError;
use std::path::{Path, PathBuf};

use aya::maps::{Array, MapData};
use aya::programs::{KProbe, Program, RawTracePoint};
use aya::{Ebpf, EbpfLoader};
use mtutrace_common::Place;
use mtutrace_common::config::{DropSite, MAX_DROP_SITES, RING_BYTES, Reasons};
use mtutrace_common::offsets::Offsets;

use super::btf::{self, Btf};
use super::hooks::{HOOKS, Hook, Outcome};
use super::symbols::{SymbolError, Symbols};
use super::{kprobes, offsets, symbols};

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
}

/// The loaded object.
pub struct Loaded {
    /// Programs and maps; dropping it detaches everything.
    pub ebpf: Ebpf,
    /// Outcome for each of [`HOOKS`].
    pub outcome: Vec<Outcome>,
    /// Drop reasons of this kernel by number, without their prefix.
    pub reasons: std::collections::BTreeMap<u32, String>,
    /// Kernel symbols, to name the places of drops; absent where the kernel hides them.
    pub symbols: Option<Symbols>,
}

/// How to load.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kernel side writes its debug log.
    pub log: bool,
    /// Kprobes are left out, as on a kernel without them.
    pub no_kprobes: bool,
    /// The kernel's BTF, where it is not in [`btf::VMLINUX`].
    pub kernel_btf: Option<PathBuf>,
    /// Size of the ring that carries events: a power of two, and whole pages.
    pub ring_bytes: u32,
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
    pub fn check(&self) -> Result<(), BtfError> {
        let Some(path) = &self.kernel_btf else { return Ok(()) };
        Btf::read(path).map(drop)
    }

    fn btf(&self) -> Result<Btf, String> {
        Btf::read(self.kernel_btf.as_deref().unwrap_or(Path::new(btf::VMLINUX))).map_err(|e| e.to_string())
    }
}

/// Loads and attaches all that does not belong to a device; the classifiers are loaded for `attach`.
///
/// # Errors
/// When the object cannot be loaded at all, or no hook is left.
pub fn load(options: &Options) -> Result<Loaded, LoadError> {
    let btf = options.btf();
    let (offsets, missing) = match &btf {
        Ok(btf) => offsets::resolve(btf),
        Err(_) => (Offsets::NONE, Vec::new()),
    };
    let reasons = btf.as_ref().map_or_else(|_| Reasons::default(), offsets::reasons);
    // aya-log's levels go from 1 (error) to 5 (trace); 0 is none.
    let level: u8 = if options.log { 4 } else { 0 };
    let mut ebpf = EbpfLoader::new()
        .override_global("OFFSETS", bytemuck::bytes_of(&offsets), true)
        .override_global("REASONS", bytemuck::bytes_of(&reasons), true)
        .override_global("AYA_LOG_LEVEL", &level, false)
        .map_max_entries("EVENTS", options.ring_bytes)
        .load(OBJECT)?;
    let symbols = Symbols::read(symbols::KALLSYMS);
    match &symbols {
        Ok(symbols) => set_drop_sites(&mut ebpf, &symbols::drop_sites(symbols)),
        Err(e) => tracing::warn!("drops that have no reason of their own will not be seen: {e}"),
    }
    let missing = btf.as_ref().map(|_| missing).map_err(String::as_str);
    let outcome = place_all(&mut ebpf, options, missing, &symbols);
    let refusals: Vec<String> =
        HOOKS.iter().zip(&outcome).filter_map(|(hook, outcome)| refusal(hook, outcome)).collect();
    if refusals.len() == HOOKS.len() {
        return Err(LoadError::Nothing(refusals.join("; ")));
    }
    let reasons = btf.as_ref().map(offsets::reason_names).unwrap_or_default();
    Ok(Loaded { ebpf, outcome, reasons, symbols: symbols.ok() })
}

/// Loads just the classifiers, and the empty one that they are measured against.
///
/// # Errors
/// When the kernel refuses one.
pub fn load_classifiers() -> Result<Ebpf, LoadError> {
    let btf = Options::default().btf();
    let (offsets, _) = btf.map_or((Offsets::NONE, Vec::new()), |btf| offsets::resolve(&btf));
    let mut ebpf = EbpfLoader::new()
        .override_global("OFFSETS", bytemuck::bytes_of(&offsets), true)
        .override_global("AYA_LOG_LEVEL", &0u8, false)
        .load(OBJECT)?;
    for (name, program) in ebpf.programs_mut() {
        if let Program::SchedClassifier(classifier) = program {
            classifier.load().map_err(|e| LoadError::Nothing(format!("{name}: {}", chain(&e))))?;
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

/// Tries the hooks in the order of their preference. `missing`: fields that the kernel lacks, or why there is no BTF.
fn place_all(
    ebpf: &mut Ebpf,
    options: &Options,
    missing: Result<Vec<&'static str>, &str>,
    symbols: &Result<Symbols, SymbolError>,
) -> Vec<Outcome> {
    let mut done: Vec<&str> = Vec::new();
    let mut outcomes = Vec::with_capacity(HOOKS.len());
    for hook in HOOKS {
        if !hook.role.is_empty() && done.contains(&hook.role) {
            outcomes.push(Outcome::Standby);
            continue;
        }
        let placed = lacks(hook, &missing)
            .and_then(|()| match hook.place() {
                Some(Place::Kprobe(_)) if options.no_kprobes => {
                    Err("switched off by --no-kprobes".to_owned())
                }
                Some(Place::Kprobe(_)) => kprobes::check(&functions(hook), symbols.as_ref().ok()),
                _ => Ok(()),
            })
            .and_then(|()| place(ebpf, hook));
        match placed {
            Ok(()) => done.push(hook.role),
            // Half of a hook would see what its fallback sees as well.
            Err(_) => unload(ebpf, hook),
        }
        outcomes.push(placed.map_or_else(Outcome::Missing, |()| Outcome::Attached));
    }
    outcomes
}

/// Takes away what was attached of a hook. A program that was never loaded says so, which is as good.
fn unload(ebpf: &mut Ebpf, hook: &Hook) {
    for (_, name) in hook.programs {
        let unloaded = match ebpf.program_mut(name) {
            Some(Program::KProbe(program)) => program.unload(),
            Some(Program::RawTracePoint(program)) => program.unload(),
            _ => Ok(()),
        };
        if let Err(e) = unloaded {
            tracing::trace!("{name}: {e}");
        }
    }
}

/// The kernel functions that a hook's programs are probes of.
fn functions(hook: &Hook) -> Vec<&'static str> {
    let places = hook.programs.iter().map(|(id, _)| id.place());
    places
        .filter_map(|place| if let Place::Kprobe(function) = place { Some(function) } else { None })
        .collect()
}

/// Whether the kernel's types allow the hook.
fn lacks(hook: &Hook, missing: &Result<Vec<&'static str>, &str>) -> Result<(), String> {
    match missing {
        _ if hook.needs.is_empty() => Ok(()),
        Err(why) => Err(format!("no BTF: {why}")),
        Ok(missing) => match offsets::missing_for(hook.needs, missing).first() {
            Some(field) => Err(format!("this kernel's BTF has no {field}")),
            None => Ok(()),
        },
    }
}

/// Loads a hook's programs, and attaches them unless they go on devices.
fn place(ebpf: &mut Ebpf, hook: &Hook) -> Result<(), String> {
    for (id, name) in hook.programs {
        let program = ebpf.program_mut(name).ok_or_else(|| format!("not in this build: {name}"))?;
        match (program, id.place()) {
            (Program::SchedClassifier(p), Place::Ingress | Place::Egress) => {
                p.load().map_err(|e| chain(&e))?
            }
            (Program::RawTracePoint(p), Place::RawTracepoint(tracepoint)) => attach_raw(p, tracepoint)?,
            (Program::KProbe(p), Place::Kprobe(function)) => attach_kprobe(p, function)?,
            _ => return Err(format!("{name} is of another type than its place")),
        }
    }
    Ok(())
}

fn attach_raw(program: &mut RawTracePoint, tracepoint: &str) -> Result<(), String> {
    program.load().map_err(|e| chain(&e))?;
    program.attach(tracepoint).map(drop).map_err(|e| {
        let text = chain(&e);
        // bpf_raw_tp_link_attach answers ENOENT when there is no tracepoint of this name.
        if text.contains("os error 2") { format!("this kernel has no tracepoint {tracepoint}") } else { text }
    })
}

fn attach_kprobe(program: &mut KProbe, function: &str) -> Result<(), String> {
    program.load().map_err(|e| chain(&e))?;
    program.attach(function, 0).map(drop).map_err(|e| chain(&e))
}

/// An error with its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    // A verifier log has many lines; its end says what is wrong.
    text.lines().next().unwrap_or_default().to_owned()
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
