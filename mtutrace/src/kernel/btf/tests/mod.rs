pub(crate) mod builder;
mod fixtures;
mod hostile;
mod real;

use std::mem::swap;

use super::*;
use builder::{Builder, Field};
use test_case::test_case;

/// A miniature of the kernel's types, with the fields of `small` in an order of one's choice.
fn kernel(swapped: bool) -> Vec<u8> {
    let mut b = Builder::default();
    let int = b.int("unsigned int", 4);
    let short = b.int("unsigned short", 2);
    let byte = b.int("unsigned char", 1);
    let net = b.structure("net", 8, &[("count", int, 0), ("ns", 5, 32)]);
    let ns = b.structure("ns_common", 4, &[("inum", int, 0)]);
    assert_eq!(ns, 5, "net refers to it ahead");
    let pointer = b.link(2, "", net);
    let anonymous = b.structure("", 8, &[("net", pointer, 0)]);
    let possible = b.link(8, "possible_net_t", anonymous);
    let constant = b.link(10, "", possible);
    let union = b.union("", 8, &[("dev", pointer, 0), ("scratch", int, 0)]);
    let (mut first, mut second) = (("len", int, 0), ("", union, 64));
    if swapped {
        swap(&mut first.2, &mut second.2);
    }
    b.structure("sk_buff", 32, &[first, second, ("nd_net", constant, 128), ("odd", short, 196)]);
    let flags = [Field("whole", byte, 0, 0), Field("bit", byte, 8, 1), Field("after", short, 16, 0)];
    b.bitfields("packed", 4, &flags);
    let three = b.raw("", 1, 0, false, 1, &[3]);
    b.structure("old", 1, &[("three", three, 0)]);
    b.enumeration("skb_drop_reason", false, &[("NONE", 0), ("SKB_DROP_REASON_PKT_TOO_BIG", 91)]);
    b.enumeration("signed", true, &[("MINUS", u32::MAX)]);
    b.enumeration64("wide", &[("HUGE", 1 << 40 | 5)]);
    let prototype = b.prototype(0, &[pointer, pointer, pointer, int]);
    let to = b.link(2, "", prototype);
    b.link(8, "btf_trace_kfree_skb", to);
    let variadic = b.prototype(int, &[pointer, 0]);
    b.link(12, "printk", variadic);
    let none = b.prototype(int, &[]);
    b.link(12, "none", none);
    // The remaining kinds, to be stepped over: array, fwd, volatile, restrict, var, datasec, float, tags.
    b.raw("", 3, 0, false, 0, &[int, int, 4]);
    b.link(7, "elsewhere", 0);
    let volatile = b.link(9, "", int);
    b.link(11, "", volatile);
    let variable = b.raw("variable", 14, 0, false, int, &[1]);
    b.raw(".data", 15, 1, false, 4, &[variable, 0, 4]);
    b.link(16, "float", 4);
    b.raw("mark", 17, 0, false, net, &[0]);
    let tag = b.link(18, "rcu", int);
    b.structure("last", 4, &[("tagged", tag, 0)]);
    b.build()
}

#[test_case("sk_buff.len", Some(0), Some(8); "plain")]
#[test_case("sk_buff.dev", Some(8), Some(0); "in an anonymous union")]
#[test_case("sk_buff.nd_net.net", Some(16), Some(16); "through const and typedef of an anonymous struct")]
#[test_case("sk_buff.nd_net", Some(16), Some(16); "the struct itself")]
#[test_case("net.ns.inum", Some(4), Some(4); "nested, named")]
#[test_case("packed.whole", Some(0), Some(0); "flagged struct, no bitfield")]
#[test_case("packed.after", Some(2), Some(2); "after a bitfield")]
#[test_case("last.tagged", Some(0), Some(0); "behind every kind")]
#[test_case("packed.bit", None, None; "bitfield of a flagged struct")]
#[test_case("old.three", None, None; "bitfield by its narrow integer")]
#[test_case("sk_buff.odd", None, None; "not on a byte")]
#[test_case("sk_buff.nd_net.net.count", None, None; "not through a pointer")]
#[test_case("sk_buff.absent", None, None; "no such field")]
#[test_case("sk_buf.len", None, None; "no such struct")]
#[test_case("sk_buff", None, None; "no field")]
#[test_case("sk_buff.", None, None; "empty field")]
#[test_case(".len", None, None; "empty struct")]
#[test_case("", None, None; "nothing")]
fn fields(path: &str, plain: Option<u32>, swapped: Option<u32>) {
    assert_eq!(Btf::parse(kernel(false)).unwrap().field(path), plain);
    assert_eq!(Btf::parse(kernel(true)).unwrap().field(path), swapped);
}

#[test_case("skb_drop_reason", "SKB_DROP_REASON_PKT_TOO_BIG", Some(91))]
#[test_case("skb_drop_reason", "SKB_DROP_REASON", None; "not by its prefix")]
#[test_case("signed", "MINUS", Some(u64::MAX))]
#[test_case("wide", "HUGE", Some(1 << 40 | 5))]
#[test_case("sk_buff", "len", None; "a struct is no enum")]
fn enum_values(name: &str, variant: &str, value: Option<u64>) {
    assert_eq!(Btf::parse(kernel(false)).unwrap().enum_value(name, variant), value);
}

#[test]
fn enum_variants_in_order() {
    let btf = Btf::parse(kernel(false)).unwrap();
    let expected = vec![("NONE", 0), ("SKB_DROP_REASON_PKT_TOO_BIG", 91)];
    assert_eq!(btf.enum_variants("skb_drop_reason"), expected);
    assert!(btf.enum_variants("absent").is_empty());
}

#[test_case("btf_trace_kfree_skb", Some(3); "without data")]
#[test_case("printk", Some(1); "without dots")]
#[test_case("none", Some(0))]
#[test_case("possible_net_t", None; "typedef of something else")]
#[test_case("absent", None)]
fn func_args(name: &str, count: Option<usize>) {
    assert_eq!(Btf::parse(kernel(false)).unwrap().func_args(name), count);
}

#[test]
fn a_modules_types_go_on_where_the_kernels_end() {
    let mut b = Builder::default();
    let int = b.int("unsigned int", 4);
    let device = b.structure("net_device", 8, &[("dev", int, 32)]);
    let (kernel, here) = (b.build(), b.here());
    let pointer = b.link(2, "", device);
    b.structure("net_bridge_port", 16, &[("br", pointer, 0), ("dev", pointer, 64), ("inside", device, 96)]);
    let kernel = Btf::parse(kernel).unwrap();
    assert_eq!(kernel.field("net_bridge_port.dev"), None);
    let module = b.build_after(here);
    let both = kernel.with_module(module.clone()).unwrap();
    assert_eq!(both.field("net_bridge_port.dev"), Some(8));
    assert_eq!(both.field("net_bridge_port.inside.dev"), Some(16), "by the kernel's type and its string");
    assert_eq!(both.field("net_device.dev"), Some(4));
    assert!((0..module.len()).all(|length| kernel.with_module(module[..length].to_vec()).is_err()));
}
