//! The only place that reads kernel memory.
use aya_ebpf::helpers::bpf_probe_read_kernel;
use mtutrace_common::offsets::Offsets;

/// An offset from here on means that this kernel has no such field.
const UNKNOWN: usize = Offsets::UNKNOWN as usize;

/// Reads a field; a bad address gives an error, never a fault, and a field that the kernel lacks gives nothing.
#[inline(always)]
pub fn read<T: Copy>(base: *const u8, offset: usize) -> Option<T> {
    if offset >= UNKNOWN {
        return None;
    }
    // SAFETY: the helper checks the address itself; T is an integer or an array of integers.
    unsafe { bpf_probe_read_kernel(base.wrapping_add(offset).cast::<T>()) }.ok()
}

/// Reads a bitfield of up to 31 bits, given its offset in bits.
#[inline(always)]
pub fn read_bits(base: *const u8, offset: usize) -> Option<u32> {
    if offset >= UNKNOWN {
        return None;
    }
    let word: u32 = read(base, offset / 32 * 4)?;
    Some(word >> (offset % 32))
}
