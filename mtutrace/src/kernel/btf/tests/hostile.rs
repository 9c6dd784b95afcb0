//! Nothing in the file may make the reader panic, overflow or run for ever.
use super::*;

/// Asks everything; the answers don't matter.
fn ask(btf: &Btf) {
    let fields =
        ["sk_buff.len", "sk_buff.dev", "sk_buff.nd_net.net", "net.ns.inum", "packed.bit", "last.tagged"];
    for path in fields {
        let _ = btf.field(path);
    }
    for name in ["skb_drop_reason", "signed", "wide"] {
        let _ = (btf.enum_value(name, "absent"), btf.enum_variants(name));
    }
    for name in ["btf_trace_kfree_skb", "printk", "none"] {
        let _ = btf.func_args(name);
    }
}

#[test]
fn truncated_anywhere_it_is_an_error() {
    let data = kernel(false);
    for length in 0..data.len() {
        assert!(Btf::parse(data[..length].to_vec()).is_err(), "{length} of {} bytes", data.len());
    }
}

#[test]
fn any_one_word_changed_it_does_not_panic() {
    let data = kernel(false);
    for at in 0..data.len() - 4 {
        for word in [0, 1, 12, 0x0400_0003, 0x8500_ffff, 0x7fff_ffff, u32::MAX] {
            let mut data = data.clone();
            data[at..at + 4].copy_from_slice(&word.to_ne_bytes());
            if let Ok(btf) = Btf::parse(data) {
                ask(&btf);
            }
        }
    }
}

/// Several words at a time, from a fixed seed: what one change leaves consistent, two may not.
#[test]
fn many_words_changed_it_does_not_panic() {
    let data = kernel(false);
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % below
    };
    for _ in 0..5_000 {
        let mut data = data.clone();
        for _ in 0..1 + random(6) {
            let at = 24 + random((data.len() - 28) / 4) * 4;
            let word =
                [random(64), random(1 << 16), random(20) << 24 | random(4), random(1 << 32)][random(4)];
            data[at..at + 4].copy_from_slice(&(word as u32).to_ne_bytes());
        }
        if let Ok(btf) = Btf::parse(data) {
            ask(&btf);
        }
    }
}

#[test]
fn types_that_go_in_circles_end() {
    let mut b = Builder::default();
    b.link(8, "sk_buff", 2);
    b.link(10, "", 1);
    b.structure("sk_buff", 8, &[("nd_net", 1, 0), ("", 2, 0)]);
    let to = b.link(2, "", 1);
    b.link(8, "btf_trace_kfree_skb", to);
    let btf = Btf::parse(b.build()).unwrap();
    ask(&btf);
    assert_eq!(btf.field("sk_buff.nd_net.net"), None);
}

#[test]
fn structs_that_contain_themselves_end() {
    let mut b = Builder::default();
    let itself = [("", 1, 0); 60_000];
    for _ in 0..20 {
        b.structure("sk_buff", 8, &itself);
    }
    let start = std::time::Instant::now();
    assert_eq!(Btf::parse(b.build()).unwrap().field("sk_buff.len"), None);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn offsets_too_large_to_add_are_no_field() {
    let mut b = Builder::default();
    let int = b.int("int", 4);
    let mut inner = b.structure("", 4, &[("len", int, 0)]);
    for _ in 0..15 {
        inner = b.structure("", 4, &[("", inner, u32::MAX - 7)]);
    }
    b.structure("sk_buff", 4, &[("", inner, u32::MAX - 7)]);
    // 16 times nearly 2^29 bytes do not fit.
    assert_eq!(Btf::parse(b.build()).unwrap().field("sk_buff.len"), None);
}

#[test]
fn errors_say_what_is_wrong() {
    let message = |data: Vec<u8>| Btf::parse(data).unwrap_err().to_string();
    let with = |at: usize, bytes: &[u8]| {
        let mut data = kernel(false);
        data[at..at + bytes.len()].copy_from_slice(bytes);
        message(data)
    };
    assert_eq!(message(Vec::new()), "BTF ends within its header");
    let swapped = 0xeb9fu16.swap_bytes().to_ne_bytes();
    assert!(with(0, &swapped).contains("starts with 0x9feb instead of 0xeb9f"));
    assert!(with(2, &[2]).contains("version 2"));
    assert!(with(16, &u32::MAX.to_ne_bytes()).contains("string section"));
    let mut b = Builder::default();
    b.int("int", 4);
    b.link(20, "new", 0);
    assert_eq!(message(b.build()), "type 2 is of kind 20; kinds 1 to 19 are known");
    let mut b = Builder::default();
    b.raw("sk_buff", 4, 9, false, 8, &[0; 3]);
    assert_eq!(message(b.build()), "BTF ends within its type section");
    let mut open = kernel(false);
    *open.last_mut().unwrap() = b'x';
    assert!(message(open).contains("NUL"));
}

#[test]
fn a_longer_header_is_skipped() {
    let mut data = kernel(false);
    data.splice(24..24, [0xff; 8]);
    data[4] = 32;
    assert_eq!(Btf::parse(data).unwrap().field("sk_buff.dev"), Some(8));
}
