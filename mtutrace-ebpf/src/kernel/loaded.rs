//! What the loader writes before load, constant to the verifier from then on.
use mtutrace_common::config::Reasons;
use mtutrace_common::offsets::Offsets;

/// Where the running kernel has its fields.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::NONE;

/// What the running kernel's drop reasons are.
#[unsafe(no_mangle)]
pub static REASONS: Reasons = Reasons::NONE;

/// A random number, because where things lie in tables must not be foreseeable; with 0 there are no budgets.
#[unsafe(no_mangle)]
pub static SEED: u64 = 0;

/// That number.
#[inline(always)]
pub fn seed() -> u64 {
    // SAFETY: as for `offset!`.
    unsafe { core::ptr::read_volatile(&raw const SEED) }
}

/// The offset of one field.
macro_rules! offset {
    ($field:ident) => {
        // SAFETY: a valid static; volatile, because the loader rewrites it behind the compiler's back.
        unsafe { core::ptr::read_volatile(&raw const $crate::kernel::loaded::OFFSETS.$field) as usize }
    };
}

/// One of the drop reasons.
macro_rules! reason {
    ($field:ident) => {
        // SAFETY: as for `offset!`.
        unsafe { core::ptr::read_volatile(&raw const $crate::kernel::REASONS.$field) }
    };
}
pub(crate) use reason;
