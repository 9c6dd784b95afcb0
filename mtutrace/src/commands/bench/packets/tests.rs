use super::*;

#[test]
fn lengths_are_what_the_headers_say() {
    for kind in kinds() {
        let ip = &kind.ip;
        let field = |at: usize| usize::from(u16::from_be_bytes([ip[at], ip[at + 1]]));
        let said = if ip[0] >> 4 == 6 { 40 + field(4) } else { field(2) };
        assert_eq!(said, ip.len(), "{}", kind.name);
        assert_eq!(kind.frame(true).len(), ip.len() + ETHERNET, "{}", kind.name);
    }
}

#[test]
fn the_kernel_finds_the_protocol_with_and_without_ethernet() {
    for kind in kinds() {
        for ethernet in [true, false] {
            let frame = kind.frame(ethernet);
            let expected = if kind.ip[0] >> 4 == 6 { [0x86, 0xdd] } else { [0x08, 0x00] };
            assert_eq!(frame[12..14], expected, "{} {ethernet}", kind.name);
        }
    }
}

#[test]
fn only_the_gso_packet_has_a_context_and_its_segments_fit() {
    let kinds = kinds();
    let with: Vec<&Kind> = kinds.iter().filter(|kind| !kind.context().is_empty()).collect();
    let [gso] = with.as_slice() else { panic!("{with:?}") };
    let (size, segments) = gso.gso;
    assert_eq!(gso.ip.len(), 20 + 32 + (size * segments) as usize);
    assert_eq!(size + 20 + 32, LIMIT);
    assert_eq!(gso.context()[164..168], 2u32.to_ne_bytes());
    assert_eq!(gso.context()[176..180], size.to_ne_bytes());
}
