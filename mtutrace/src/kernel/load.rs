//! Loads the BPF object with what the running kernel's BTF says, and attaches what belongs to no device.
use std::path::Path;

use aya::maps::{Array, MapData};
use aya::programs::{Program, RawTracePoint};
use aya::{Ebpf, EbpfLoader};
use mtutrace_common::config::{DropSite, MAX_DROP_SITES, Offsets, Reasons};

use super::btf::{self, Btf};
use super::hooks::{HOOKS, Hook, Place};
use super::{offsets, symbols};

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
    /// Outcome for each of [`HOOKS`]: why it is not there.
    pub outcome: Vec<Option<String>>,
    /// Drop reasons of this kernel by number, without their prefix.
    pub reasons: std::collections::BTreeMap<u32, String>,
    /// Kernel symbols, to name the places of drops; absent where the kernel hides them.
    pub symbols: Option<symbols::Symbols>,
}

/// Loads and attaches all that does not belong to a device; the classifiers are loaded for `attach`.
/// `log` makes the kernel side write its debug log; `ring_bytes` is the size of the ring that carries events.
///
/// # Errors
/// When the object cannot be loaded at all, or no hook is left.
pub fn load(log: bool, ring_bytes: u32) -> Result<Loaded, LoadError> {
    let btf = read_btf(Path::new(btf::VMLINUX));
    let (offsets, missing) = match &btf {
        Ok(btf) => offsets::resolve(btf),
        Err(_) => (Offsets::NONE, Vec::new()),
    };
    let reasons = btf.as_ref().map_or_else(|_| Reasons::default(), offsets::reasons);
    // aya-log's levels go from 1 (error) to 5 (trace); 0 is none.
    let level: u8 = if log { 4 } else { 0 };
    let mut ebpf = EbpfLoader::new()
        .override_global("OFFSETS", bytemuck::bytes_of(&offsets), true)
        .override_global("REASONS", bytemuck::bytes_of(&reasons), true)
        .override_global("AYA_LOG_LEVEL", &level, false)
        .map_max_entries("EVENTS", ring_bytes)
        .load(OBJECT)?;
    let symbols = symbols::Symbols::read(symbols::KALLSYMS);
    match &symbols {
        Ok(symbols) => set_drop_sites(&mut ebpf, &symbols::drop_sites(symbols)),
        Err(e) => tracing::warn!("drops that have no reason of their own will not be seen: {e}"),
    }
    let outcome: Vec<_> = HOOKS
        .iter()
        .map(|hook| {
            if !hook.needs.is_empty() {
                if let Err(why) = &btf {
                    return Some(format!("no BTF: {why}"));
                }
                if let Some(field) = offsets::missing_for(hook.needs, &missing).first() {
                    return Some(format!("this kernel's BTF has no {field}"));
                }
            }
            place(&mut ebpf, hook).err()
        })
        .collect();
    if outcome.iter().all(Option::is_some) {
        let why: Vec<_> = HOOKS
            .iter()
            .zip(&outcome)
            .map(|(h, w)| format!("{}: {}", h.name, w.as_deref().unwrap_or("")))
            .collect();
        return Err(LoadError::Nothing(why.join("; ")));
    }
    let reasons = btf.as_ref().map(offsets::reason_names).unwrap_or_default();
    Ok(Loaded { ebpf, outcome, reasons, symbols: symbols.ok() })
}

/// Loads just the classifiers, and the empty one that they are measured against.
///
/// # Errors
/// When the kernel refuses one.
pub fn load_classifiers() -> Result<Ebpf, LoadError> {
    let (offsets, _) =
        read_btf(Path::new(btf::VMLINUX)).map_or((Offsets::NONE, Vec::new()), |btf| offsets::resolve(&btf));
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

fn read_btf(path: &Path) -> Result<Btf, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Btf::parse(bytes).map_err(|e| e.to_string())
}

/// Loads a hook's programs, and attaches them unless they go on devices.
fn place(ebpf: &mut Ebpf, hook: &Hook) -> Result<(), String> {
    for name in hook.programs {
        let program = ebpf.program_mut(name).ok_or_else(|| format!("not in this build: {name}"))?;
        match (program, hook.place) {
            (Program::SchedClassifier(p), Place::Ingress | Place::Egress) => {
                p.load().map_err(|e| chain(&e))?
            }
            (Program::RawTracePoint(p), Place::RawTracepoint(tracepoint)) => attach_raw(p, tracepoint)?,
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
