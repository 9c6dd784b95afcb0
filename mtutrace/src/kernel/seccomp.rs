//! System calls that tracing never makes: refused from now on, to this process and to those that it starts. It may still
//! start itself anew, and enter network namespaces; of other namespaces it enters none.
use std::io;

use libc::{c_long, sock_filter, sock_fprog};

/// What would let somebody who has taken over the process mount, load, look into others, or change who it is.
const REFUSED: [c_long; 48] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
    libc::SYS_fchmodat,
    libc::SYS_fchownat,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_userfaultfd,
    libc::SYS_personality,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// include/uapi/linux/audit.h: the architecture whose numbers these are.
const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else {
    None
};
/// Numbers from here on are those of x32, another way to the same calls.
const X32: u32 = 0x4000_0000;

/// Offsets in `struct seccomp_data`, the low half of the second argument among them: both architectures are little-endian.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const SECOND: u32 = 24;

/// Refuses them in every thread that there is and will be. Does nothing on other architectures.
///
/// # Errors
/// What seccomp(2) says: it is not in this kernel, or not allowed.
pub(crate) fn refuse_everywhere() -> io::Result<()> {
    install(libc::SECCOMP_FILTER_FLAG_TSYNC)
}

fn install(flags: libc::c_ulong) -> io::Result<()> {
    let Some(architecture) = ARCHITECTURE else { return Ok(()) };
    let mut filter = filter(architecture);
    let len = u16::try_from(filter.len()).map_err(io::Error::other)?;
    let program = sock_fprog { len, filter: filter.as_mut_ptr() };
    // SAFETY: the program and its instructions live as long as the call, which copies them.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    match result {
        0 => Ok(()),
        -1 => Err(io::Error::last_os_error()),
        thread => Err(io::Error::other(format!("thread {thread} has a filter of its own"))),
    }
}

fn filter(architecture: u32) -> Vec<sock_filter> {
    let load =
        |at| sock_filter { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: at };
    let jump =
        |how: u32, k, jt, jf| sock_filter { code: (libc::BPF_JMP | how | libc::BPF_K) as u16, jt, jf, k };
    let give = |k| sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k };
    let refuse = give(libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs());
    let mut all = vec![
        load(ARCH),
        jump(libc::BPF_JEQ, architecture, 1, 0),
        refuse,
        load(NUMBER),
        jump(libc::BPF_JGE, X32, 0, 1),
        refuse,
    ];
    for (n, call) in REFUSED.iter().enumerate() {
        // Over the calls behind it and the four instructions before the last one.
        let to_refuse = (REFUSED.len() - 1 - n + 4) as u8;
        all.push(jump(libc::BPF_JEQ, *call as u32, to_refuse, 0));
    }
    all.extend([
        jump(libc::BPF_JEQ, libc::SYS_setns as u32, 0, 2),
        load(SECOND),
        jump(libc::BPF_JEQ, libc::CLONE_NEWNET.unsigned_abs(), 0, 1),
        give(libc::SECCOMP_RET_ALLOW),
        refuse,
    ]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(result: c_long) -> Option<i32> {
        (result == -1).then(|| io::Error::last_os_error().raw_os_error()).flatten()
    }

    #[test]
    fn what_is_never_needed_is_refused_and_the_rest_is_not() {
        // A filter of this thread alone.
        let work = || {
            rustix::thread::set_no_new_privs(true).unwrap();
            install(0).unwrap();
            // SAFETY: none of these takes memory: a number that asks, one that every process may ask for, and descriptors
            // that do not exist.
            let errors = unsafe {
                [
                    error_of(libc::syscall(libc::SYS_personality, 0xffff_ffff_u64)),
                    error_of(libc::syscall(libc::SYS_getppid)),
                    error_of(libc::syscall(libc::SYS_setns, -1, libc::CLONE_NEWNS)),
                    error_of(libc::syscall(libc::SYS_setns, -1, libc::CLONE_NEWNET)),
                    error_of(libc::syscall(libc::SYS_io_uring_register, -1, 0, 0, 0)),
                ]
            };
            let child = std::process::Command::new("true").status().unwrap();
            (errors, child.success())
        };
        let (errors, started) = std::thread::spawn(work).join().unwrap();
        assert_eq!(errors[1], None);
        assert_eq!([errors[0], errors[2], errors[4]], [Some(libc::EPERM); 3]);
        assert_eq!(errors[3], Some(libc::EBADF), "network namespaces may be entered");
        assert!(started, "it may start itself anew");
    }
}
