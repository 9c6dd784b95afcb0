//! By which port a packet came in that is seen at its bridge: ports whose packets all come through a hooked bridge carry no
//! classifier of their own.
use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;
use mtutrace_common::config::{CONTESTED_NS, OwnerKey, device_key};
use mtutrace_common::header::port::{CONTESTED, KNOWN, STRANGER};

use crate::kernel::port_device;
use crate::maps::{CHOKEPOINTS, OWNERS};
use crate::memory::read;

/// Raw tracepoint `bridge:br_fdb_update(br, source, addr, vid, flags)`: a bridge has learnt by which port (`struct
/// net_bridge_port *`) it reaches an address, or that this has changed. It fires before the frame that told so goes on.
#[raw_tracepoint(tracepoint = "br_fdb_update")]
pub fn mtut_fdb(ctx: RawTracePointContext) -> i32 {
    let (port, address): (u64, u64) = (ctx.arg(1), ctx.arg(2));
    learnt(port as *const u8, address as *const u8);
    0
}

#[inline(always)]
fn learnt(port: *const u8, address: *const u8) -> Option<()> {
    let dev = port_device(port)?;
    let owner = OWNERS.get_ptr_mut(OwnerKey::new(dev.netns(), read(address, 0)?))?;
    let at = dev.ifindex();
    // SAFETY: the map gave the pointer; fields are whole words, and of CPUs that write at once the last one is right.
    unsafe {
        (*owner).at = at;
        if at != (*owner).port {
            (*owner).moved_ns = bpf_ktime_get_ns();
        }
    }
    Some(())
}

/// The device by which a packet with this source address came in, and what is known of it. A container may write another
/// one's address into its frames, but the bridge then learns that it has moved.
#[inline(always)]
pub fn port(netns: u32, ifindex: u32, mac: u64) -> (u32, u16) {
    // SAFETY: looked at, never kept.
    if unsafe { CHOKEPOINTS.get(device_key(netns, ifindex)) }.is_none() {
        return (ifindex, KNOWN);
    }
    // SAFETY: read at once; what is written meanwhile costs a packet that counts as nobody's.
    let Some(owner) = (unsafe { OWNERS.get(OwnerKey { netns: u64::from(netns), mac }) }) else {
        return (ifindex, STRANGER);
    };
    // SAFETY: the helper has no preconditions.
    let now = unsafe { bpf_ktime_get_ns() };
    let moved = owner.moved_ns != 0 && now.wrapping_sub(owner.moved_ns) < CONTESTED_NS;
    if moved || owner.at != owner.port { (ifindex, CONTESTED) } else { (owner.port, KNOWN) }
}
