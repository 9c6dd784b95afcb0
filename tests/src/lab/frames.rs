//! Whole frames, byte for byte, from one device to another (packet(7)).

use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result};

use super::netns::NetNs;

/// All protocols (linux/if_ether.h).
const ETH_P_ALL: u16 = 3;
const SOURCE: std::ops::Range<usize> = 6..12;
/// What a frame has room for.
const LONGEST: usize = 4096;

/// A socket on one device that sends frames, and takes those that come from one hardware address.
#[derive(Debug)]
pub struct Frames {
    socket: OwnedFd,
}

impl Frames {
    /// Opens it. [`take`](Frames::take) gives up after `timeout`.
    pub fn open(netns: &NetNs, device: &str, timeout: Duration) -> Result<Self> {
        netns.enter(|| open(device, timeout))?.with_context(|| format!("{device} of {}", netns.name()))
    }

    /// Sends a frame.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        // SAFETY: the buffer is readable for its length, and the descriptor is open.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
        if sent == frame.len() as isize { Ok(()) } else { Err(Error::last_os_error().into()) }
    }

    /// The next frame that comes from `source`.
    pub fn take(&self, source: [u8; 6]) -> Result<Vec<u8>> {
        let mut buffer = [0; LONGEST];
        loop {
            // SAFETY: the buffer is writable for its length, and the descriptor is open.
            let got = unsafe {
                libc::recv(self.socket.as_raw_fd(), buffer.as_mut_ptr().cast(), LONGEST, libc::MSG_TRUNC)
            };
            let length = usize::try_from(got).map_err(|_| Error::last_os_error())?;
            let frame = buffer.get(..length).context("a frame longer than any that is sent")?;
            if frame.get(SOURCE) == Some(&source[..]) {
                return Ok(frame.to_vec());
            }
        }
    }
}

fn open(device: &str, timeout: Duration) -> Result<Frames> {
    let name = std::ffi::CString::new(device)?;
    let protocol = ETH_P_ALL.to_be();
    // SAFETY: plain system calls; the descriptor is new and nobody else's.
    let socket = unsafe {
        let fd = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
        check(fd)?;
        OwnedFd::from_raw_fd(fd)
    };
    // SAFETY: the name ends with a zero.
    let ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) };
    // SAFETY: integers only, for which zeros are valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol;
    address.sll_ifindex = i32::try_from(ifindex)?;
    let timeout = libc::timeval { tv_sec: timeout.as_secs() as i64, tv_usec: timeout.subsec_micros().into() };
    // SAFETY: each structure is live and its size is passed.
    unsafe {
        check(libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVTIMEO,
            (&raw const timeout).cast(),
            size_of_val(&timeout) as u32,
        ))?;
        check(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of_val(&address) as u32))?;
    }
    Ok(Frames { socket })
}

fn check(result: libc::c_int) -> Result<()> {
    if result < 0 { Err(Error::last_os_error().into()) } else { Ok(()) }
}
