//! What the kernel says no with: as a number, and as one line for people.
use std::error::Error;
use std::io;

use aya::programs::ProgramError;
use aya::programs::tc::TcError;
use aya::sys::NetlinkError;

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    // A verifier log has many lines; its end says what is wrong.
    text.lines().next().unwrap_or_default().to_owned()
}

/// The number (errno(3)) of the system's error that an error has among its causes. Never look for it in the text: "os error
/// 2" is in "os error 22" as well.
pub(crate) fn os_error(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(number) = number(error) {
            return Some(number);
        }
        cause = error.source();
    }
    None
}

/// Of this error alone. A transparent variant stands in for the error that it wraps, which is then no cause of its own.
fn number(error: &(dyn Error + 'static)) -> Option<i32> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.raw_os_error();
    }
    if let Some(error) = error.downcast_ref::<NetlinkError>() {
        return error.raw_os_error();
    }
    match error.downcast_ref::<ProgramError>() {
        Some(ProgramError::IOError(error)) => return error.raw_os_error(),
        Some(ProgramError::NetlinkError(error)) => return error.raw_os_error(),
        Some(ProgramError::TcError(error)) => return number(error),
        _ => {}
    }
    match error.downcast_ref::<TcError>() {
        Some(TcError::IoError(error)) => error.raw_os_error(),
        Some(TcError::NetlinkError(error)) => error.raw_os_error(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aya::sys::SyscallError;

    use super::*;

    fn os(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    fn syscall(number: i32) -> ProgramError {
        SyscallError { call: "bpf_raw_tracepoint_open", io_error: os(number) }.into()
    }

    #[test]
    fn invalid_argument_is_not_taken_for_no_entry() {
        assert!(chain(&syscall(22)).contains("os error 2"), "the text says both");
        assert_eq!(os_error(&syscall(22)), Some(22));
        assert_eq!(os_error(&syscall(2)), Some(2));
        assert_eq!(os_error(&TcError::IoError(os(117))), Some(117));
    }

    #[test]
    fn the_number_is_found_however_deep_it_is() {
        assert_eq!(os_error(&os(17)), Some(17));
        assert_eq!(os_error(&ProgramError::IOError(os(1))), Some(1));
        assert_eq!(os_error(&ProgramError::TcError(TcError::IoError(os(19)))), Some(19));
        assert_eq!(os_error(&io::Error::other(syscall(95))), Some(95));
        assert_eq!(os_error(&ProgramError::NotLoaded), None);
        assert_eq!(os_error(&io::Error::other("os error 2")), None);
    }

    #[test]
    fn a_real_refusal_has_its_number() {
        assert_eq!(
            os_error(&aya::programs::tc::qdisc_add_clsact("no such device").unwrap_err()),
            Some(libc::ENODEV)
        );
    }
}
