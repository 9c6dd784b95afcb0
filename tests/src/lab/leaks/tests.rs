//! A leak that we make ourselves must be found.

use super::*;

/// Loads a program that does nothing: `r0 = 0; exit`.
fn load(name: &[u8]) -> OwnedFd {
    const PROG_LOAD: u32 = 5;
    const SOCKET_FILTER: u32 = 1;
    let code = [0xb7_u64, 0x95];
    let mut attribute = [0_u8; 128];
    attribute[0..4].copy_from_slice(&SOCKET_FILTER.to_ne_bytes());
    attribute[4..8].copy_from_slice(&(code.len() as u32).to_ne_bytes());
    attribute[8..16].copy_from_slice(&(code.as_ptr() as u64).to_ne_bytes());
    attribute[16..24].copy_from_slice(&(c"GPL".as_ptr() as u64).to_ne_bytes());
    attribute[48..48 + name.len()].copy_from_slice(name);
    // SAFETY: the attribute is as long as said, and the two pointers in it outlive the call.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, attribute.as_ptr(), attribute.len()) };
    assert!(fd >= 0, "{}", Error::last_os_error());
    // SAFETY: the kernel just returned this descriptor and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

#[test]
fn a_program_is_found_while_it_lives_and_its_end_is_noticed() {
    if crate::check::skip() {
        return;
    }
    let program = load(b"mtut_leak_test");
    let held = Held::by(std::process::id()).unwrap();
    assert_eq!(held.programs.len(), 1, "{held:?}");
    let name = programs().unwrap().into_iter().find(|(id, _)| *id == held.programs[0]).unwrap().1;
    assert_eq!(name, "mtut_leak_test");
    let error = format!("{:#}", held.await_gone(Duration::from_millis(20)).unwrap_err());
    assert!(error.contains(&format!("program {}", held.programs[0])), "{error}");

    drop(program);
    held.await_gone(Duration::from_secs(5)).unwrap();
}
