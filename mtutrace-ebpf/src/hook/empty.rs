//! What a classifier costs that does nothing: the yardstick of `mtutrace bench`.
use aya_ebpf::bindings::TC_ACT_UNSPEC;
use aya_ebpf::macros::classifier;
use aya_ebpf::programs::TcContext;

/// Does nothing.
#[classifier]
pub fn mtut_empty(_: TcContext) -> i32 {
    TC_ACT_UNSPEC
}
