use std::time::Instant;

use mtutrace_common::config::{DropCause, MAX_DROP_SITES};
use test_case::test_case;

use super::*;

/// Lines of 6.18, some of a module, some that are none.
const LINES: &str = "\
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000100 t ip_fragment.cold
ffffffff81e543f0 t __pfx___dev_forward_skb2
ffffffff81e54400 t __dev_forward_skb2
ffffffff81e54590 T __pfx___dev_forward_skb
ffffffff81e545a0 T __dev_forward_skb
ffffffff81e54600 T next
ffffffff81ff4bb0 t ip_forward_finish
ffffffff81ff4c50 T ip_forward
ffffffff81ff5000 t ip_forward_options

garbage
ffffffff81ff6000
ffffffff81ff6000 T
not_hexadecimal! T name
ffffffffffffffff1 T too_long
ffffffff81ff7000 D data
ffffffff81ff8270 t ip_fragment.constprop.0
ffffffff81ff8300 W weak
ffffffffc0800000 t veth_xmit\t[veth]
ffffffffc0200000 t br_dev_queue_push_xmit\t[bridge]
ffffffffc0200150 t br_forward_finish\t[bridge]
";

fn symbols() -> Symbols {
    Symbols::parse(LINES.as_bytes()).unwrap()
}

#[test_case(0xffff_ffff_81ff_4c50, Some(("ip_forward", 0)); "first byte")]
#[test_case(0xffff_ffff_81ff_4fff, Some(("ip_forward", 0x3af)); "last byte")]
#[test_case(0xffff_ffff_81ff_5000, Some(("ip_forward_options", 0)); "next")]
#[test_case(0xffff_ffff_8100_0010, Some(("_stext", 0x10)); "first of two names")]
#[test_case(0xffff_ffff_c020_0004, Some(("br_dev_queue_push_xmit", 4)); "module")]
#[test_case(0xffff_ffff_c090_0000, None; "beyond the last function")]
#[test_case(0xffff_ffff_0000_0000, None; "before the first")]
#[test_case(u64::MAX, None; "the very last")]
#[test_case(0, None; "zero")]
fn lookup(address: u64, expected: Option<(&str, u64)>) {
    assert_eq!(symbols().lookup(address), expected);
}

/// Of a function and its clones.
fn ranges(symbols: &Symbols, name: &str) -> Vec<(u64, u64)> {
    let named =
        symbols.entries.iter().enumerate().filter(|(_, entry)| table::is_clone(symbols.name(entry), name));
    named.filter_map(|(index, _)| symbols.range_at(index)).collect()
}

#[test]
fn where_functions_begin_and_end() {
    let symbols = symbols();
    assert_eq!(symbols.len(), 14);
    assert_eq!(symbols.range("ip_forward"), Some((0xffff_ffff_81ff_4c50, 0xffff_ffff_81ff_5000)));
    assert_eq!(ranges(&symbols, "ip_forward"), [(0xffff_ffff_81ff_4c50, 0xffff_ffff_81ff_5000)]);
    assert_eq!(symbols.range("ip_fragment"), None);
    let clones =
        [(0xffff_ffff_8100_0100, 0xffff_ffff_8104_0100), (0xffff_ffff_81ff_8270, 0xffff_ffff_81ff_8300)];
    assert_eq!(ranges(&symbols, "ip_fragment"), clones);
    assert_eq!(symbols.range("veth_xmit"), Some((0xffff_ffff_c080_0000, 0xffff_ffff_c084_0000)));
    assert_eq!(symbols.range("data"), None);
    assert_eq!(symbols.range(""), None);
    assert!(ranges(&symbols, "").is_empty());
}

#[test]
fn drop_sites_by_what_tells_most() {
    let sites = drop_sites(&symbols());
    let causes: Vec<Option<DropCause>> =
        sites.iter().map(|site| DropCause::from_number(site.cause)).collect();
    let expected = [DropCause::Forward, DropCause::FragFailed, DropCause::BridgePort, DropCause::VethPeer];
    assert_eq!(
        causes,
        [&expected[..], &[DropCause::FragFailed]].concat().into_iter().map(Some).collect::<Vec<_>>()
    );
    // Both names of the veth check are neighbours, and share a slot.
    assert_eq!((sites[3].start, sites[3].end), (0xffff_ffff_81e5_4400, 0xffff_ffff_81e5_4600));
    // The cold part comes last.
    assert_eq!(sites[4].start, 0xffff_ffff_8100_0100);
}

#[test]
fn drop_sites_never_overflow_their_table() {
    let clone = |n: u64| format!("{:x} t ip_fragment.part.{n}\n{:x} t other\n", n * 64 + 64, n * 64 + 96);
    let lines: String = (0..100).map(clone).collect();
    let sites = drop_sites(&Symbols::parse(lines.as_bytes()).unwrap());
    assert_eq!(sites.len(), MAX_DROP_SITES as usize);
    assert!(sites.iter().all(|site| site.start < site.end));
}

#[test]
fn hidden_addresses_are_told_apart_from_none() {
    let hidden = Symbols::parse(b"0000000000000000 T _text\n0000000000000000 t ip_forward\n").unwrap_err();
    assert!(matches!(hidden, SymbolError::Hidden));
    assert!(hidden.to_string().contains("kernel.kptr_restrict"));
    assert!(matches!(Symbols::parse(b"").unwrap_err(), SymbolError::Empty));
    assert!(matches!(Symbols::read("/nonexistent").unwrap_err(), SymbolError::Io { .. }));
    // A zero among real addresses (per-CPU symbols of old kernels) hides nothing.
    assert_eq!(Symbols::parse(b"0 T zero\n10 T one\n").unwrap().len(), 1);
}

#[test]
fn bytes_that_are_no_text_are_skipped() {
    assert_eq!(Symbols::parse(b"10 T \xff\xfe\n\xff T x\n20 T good\n").unwrap().len(), 1);
}

#[test]
fn the_running_kernel() {
    let start = Instant::now();
    let symbols = match Symbols::read(KALLSYMS) {
        Ok(symbols) => symbols,
        Err(error) => {
            eprintln!("skipped: {error}");
            return;
        }
    };
    let read = start.elapsed();
    let bytes = symbols.entries.capacity() * size_of::<table::Entry>() + symbols.names.capacity();
    eprintln!("{} functions in {read:?}, {bytes} bytes", symbols.len());
    let (begin, end) = symbols.range("ip_forward").unwrap();
    assert!(begin < end);
    assert_eq!(symbols.lookup(begin + 1), Some(("ip_forward", 1)));
    let start = Instant::now();
    let sites = drop_sites(&symbols);
    eprintln!("{} drop sites in {:?}: {sites:x?}", sites.len(), start.elapsed());
    for cause in [DropCause::Forward, DropCause::FragFailed, DropCause::VethPeer] {
        assert!(sites.iter().any(|site| site.cause == cause as u32), "{cause:?}: {sites:?}");
    }
}
