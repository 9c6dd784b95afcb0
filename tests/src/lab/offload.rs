//! Switches segmentation and its undoing off, as `ethtool -K DEV tso off gso off gro off` does.

use std::io::{Error, Result as IoResult};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use anyhow::{Context, Result};

use super::netns::NetNs;

/// `SIOCETHTOOL` of linux/sockios.h.
const SIOCETHTOOL: libc::Ioctl = 0x8946;
/// `ETHTOOL_STSO`, `ETHTOOL_SGSO`, `ETHTOOL_SGRO` of linux/ethtool.h.
const SETTERS: [u32; 3] = [0x1f, 0x24, 0x2c];

/// `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// Every packet that this device carries is a single segment from now on.
pub fn switch_off(netns: &NetNs, device: &str) -> Result<()> {
    netns
        .enter(|| SETTERS.iter().try_for_each(|command| set(device, *command, 0)))?
        .with_context(|| format!("switching off the offloads of {device} in namespace {}", netns.name()))
}

fn set(device: &str, command: u32, data: u32) -> IoResult<()> {
    let mut value = EthtoolValue { command, data };
    // SAFETY: all zeros is a valid ifreq.
    let mut request = unsafe { std::mem::zeroed::<libc::ifreq>() };
    // The last byte stays 0 and ends the name.
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name.iter_mut().take(room).zip(device.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    // SAFETY: the request holds a name with its final 0 and points to an ethtool_value; both outlive the call.
    match unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}
