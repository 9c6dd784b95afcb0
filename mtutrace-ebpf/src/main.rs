//! The kernel side of mtutrace: it sees, filters and counts, and leaves the thinking to user space.
#![no_std]
#![no_main]

mod budget;
mod emit;
mod hook;
mod kernel;
mod maps;
mod memory;
mod packet;

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // The verifier refuses a program that could come here, so none that is loaded does.
    loop {}
}

/// What the kernel is told: `bpf_probe_read_kernel` asks for a licence that is compatible with the GPL, as MIT is.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
