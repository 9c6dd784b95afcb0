//! Puts the program of each hook where it goes; classifiers are only loaded here.
use aya::Ebpf;
use aya::programs::{KProbe, Program, ProgramError, RawTracePoint};
use mtutrace_common::Place;

use super::attach::is_loaded_on_demand;
use super::btf::BtfError;
use super::error::{chain, os_error};
use super::hooks::{HOOKS, Hook, Outcome};
use super::kprobes::{self, KprobeError};
use super::offsets;
use super::symbols::Symbols;

/// Why a hook cannot be used here.
#[derive(Debug, thiserror::Error)]
enum HookError<'a> {
    /// It reads kernel structs, and the kernel does not describe them.
    #[error("no BTF: {0}")]
    NoBtf(&'a BtfError),
    /// A struct lacks a field that it needs.
    #[error("this kernel's BTF has no {0}")]
    NoField(&'static str),
    /// Not wanted.
    #[error("switched off by --no-kprobes")]
    SwitchedOff,
    /// Its function cannot be probed.
    #[error(transparent)]
    Kprobe(#[from] KprobeError),
    /// The kernel lacks its tracepoint.
    #[error("this kernel has no tracepoint {0}")]
    NoTracepoint(&'static str),
    /// The object lacks its program.
    #[error("not in this build: {0}")]
    NotBuilt(&'static str),
    /// The object and the registry disagree.
    #[error("{0} is of another type than its place")]
    Mismatch(&'static str),
    /// The kernel refused to load or to attach it.
    #[error("{}", chain(.0))]
    Refused(#[from] ProgramError),
}

/// What the running kernel offers, and what is wanted of it.
pub(super) struct Kernel<'a> {
    /// Fields that it lacks, or why there is no BTF.
    pub(super) lacking: Result<Vec<&'static str>, &'a BtfError>,
    /// Its functions, where it tells them.
    pub(super) symbols: Option<&'a Symbols>,
    /// Kprobes are left out.
    pub(super) no_kprobes: bool,
}

/// Tries the hooks in the order of their preference: the outcome for each of [`HOOKS`].
pub(super) fn place_all(ebpf: &mut Ebpf, kernel: &Kernel<'_>) -> Vec<Outcome> {
    let mut done: Vec<&str> = Vec::new();
    let mut outcomes = Vec::with_capacity(HOOKS.len());
    for hook in HOOKS {
        if !hook.role.is_empty() && done.contains(&hook.role) {
            outcomes.push(Outcome::Standby);
            continue;
        }
        let placed = kernel.offers(hook).and_then(|()| place(ebpf, hook));
        match placed {
            Ok(()) => done.push(hook.role),
            // Half of a hook would see what its fallback sees as well.
            Err(_) => unload(ebpf, hook),
        }
        outcomes.push(placed.map_or_else(|why| Outcome::Missing(why.to_string()), |()| Outcome::Attached));
    }
    outcomes
}

impl Kernel<'_> {
    /// Whether a hook can work, as far as that can be told beforehand.
    fn offers(&self, hook: &Hook) -> Result<(), HookError<'_>> {
        match &self.lacking {
            _ if hook.needs.is_empty() => {}
            Err(why) => return Err(HookError::NoBtf(why)),
            Ok(lacking) => {
                if let Some(field) = offsets::missing_for(hook.needs, lacking).first() {
                    return Err(HookError::NoField(field));
                }
            }
        }
        for (id, _) in hook.programs {
            let Place::Kprobe(function) = id.place() else { continue };
            if self.no_kprobes {
                return Err(HookError::SwitchedOff);
            }
            kprobes::check(function, self.symbols)?;
        }
        Ok(())
    }
}

/// Loads a hook's programs, and attaches them unless they go on devices.
fn place<'a>(ebpf: &mut Ebpf, hook: &Hook) -> Result<(), HookError<'a>> {
    for (id, name) in hook.programs {
        let program = ebpf.program_mut(name).ok_or(HookError::NotBuilt(name))?;
        match (program, id.place()) {
            (Program::SchedClassifier(_), Place::Ingress | Place::Egress) if is_loaded_on_demand(name) => {}
            (Program::SchedClassifier(p), Place::Ingress | Place::Egress) => p.load()?,
            (Program::RawTracePoint(p), Place::RawTracepoint(tracepoint)) => attach_raw(p, tracepoint)?,
            (Program::KProbe(p), Place::Kprobe(function)) => attach_kprobe(p, function)?,
            _ => return Err(HookError::Mismatch(name)),
        }
    }
    Ok(())
}

fn attach_raw<'a>(program: &mut RawTracePoint, tracepoint: &'static str) -> Result<(), HookError<'a>> {
    program.load()?;
    match program.attach(tracepoint) {
        Ok(_) => Ok(()),
        // bpf_raw_tp_link_attach answers so when there is no tracepoint of this name.
        Err(e) if os_error(&e) == Some(libc::ENOENT) => Err(HookError::NoTracepoint(tracepoint)),
        Err(e) => Err(e.into()),
    }
}

fn attach_kprobe(program: &mut KProbe, function: &str) -> Result<(), ProgramError> {
    program.load()?;
    program.attach(function, 0).map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_hook_is_missing_is_told_beforehand() {
        let truncated = BtfError::Truncated { part: "header" };
        let kernel = |lacking| Kernel { lacking, symbols: None, no_kprobes: true };
        let why = |kernel: &Kernel<'_>, name: &str| {
            let hook = HOOKS.iter().find(|hook| hook.name() == name).unwrap();
            kernel.offers(hook).map_err(|e| e.to_string())
        };
        let blind = kernel(Err(&truncated));
        assert_eq!(why(&blind, "raw_tp:kfree_skb"), Err("no BTF: BTF ends within its header".to_owned()));
        assert_eq!(why(&blind, "tc:ingress"), Ok(()), "it reads no kernel struct");
        let lacking = kernel(Ok(vec!["sk_buff.len"]));
        assert_eq!(why(&lacking, "raw_tp:kfree_skb"), Err("this kernel's BTF has no sk_buff.len".to_owned()));
        let switched_off = Err("switched off by --no-kprobes".to_owned());
        assert_eq!(why(&kernel(Ok(Vec::new())), "kprobe:__icmp_send"), switched_off);
    }
}
