//! A stretch of network that no kernel sees: what one TAP or TUN device sends comes out of another one, in another
//! namespace, unless it is too big, unlucky or a fragment.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::args::{number, option};
use super::packet::{self, FRAME_HEADER};

/// `TUNSETIFF` (linux/if_tun.h): `_IOW('T', 202, int)`.
const TUNSETIFF: libc::c_ulong = 0x4004_54ca;
const LONGEST: usize = 70_000;
/// A packet that another one is to overtake is not held back for longer.
const HELD: Duration = Duration::from_millis(20);

/// What happens to packets on their way; lengths are bytes at L3.
#[derive(Debug, Clone, Default)]
struct Nature {
    /// Bytes in front of the IP header.
    head: usize,
    /// What is longer dies in this direction.
    max: Option<usize>,
    /// And its sender is told this number.
    tells: Option<u32>,
    /// By whom; one address for each family.
    router: Option<packet::Router>,
    /// Fragments but the first die.
    no_fragments: bool,
    /// What is longer is damaged.
    corrupt: Option<usize>,
    /// So many of a hundred are lost.
    lose: u32,
    /// Each of so many is overtaken by the next one.
    reorder: Option<u32>,
}

/// `wire --kind tap|tun --a NETNS:DEVICE --b NETNS:DEVICE` and the options of [`Nature`]; runs until it is killed.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let kind = option(args, "--kind").unwrap_or_default();
    let (a, b) = (device(args, "--a", &kind)?, device(args, "--b", &kind)?);
    let given = |name: &str| args.iter().any(|arg| arg == name);
    let some = |name: &str| given(name).then(|| number(args, name)).transpose();
    let nature = Nature {
        head: if kind == "tap" { FRAME_HEADER } else { 0 },
        max: some("--max")?,
        tells: given("--tells").then(|| number(args, "--tells")).transpose()?,
        router: option(args, "--router").map(|text| packet::Router::parse(&text)).transpose()?,
        no_fragments: given("--no-fragments"),
        corrupt: some("--corrupt")?,
        lose: if given("--lose") { number(args, "--lose")? } else { 0 },
        reorder: given("--reorder").then(|| number(args, "--reorder")).transpose()?,
    };
    let towards = |way: &str| match option(args, "--only") {
        Some(only) if only != way => {
            Nature { max: None, corrupt: None, no_fragments: false, ..nature.clone() }
        }
        _ => nature.clone(),
    };
    let (to_b, to_a) = (towards("in"), towards("out"));
    println!("ready");
    std::thread::scope(|scope| {
        scope.spawn(|| copy(&a, &b, &to_b));
        copy(&b, &a, &to_a);
    });
    Ok(())
}

/// Makes the device in its namespace; it lives as long as the file is open.
fn device(args: &[String], end: &str, kind: &str) -> Result<File> {
    let wrong = || Error::new(ErrorKind::InvalidInput, format!("{end} wants NETNS:DEVICE"));
    let text = option(args, end).ok_or_else(wrong)?;
    let (netns, name) = text.split_once(':').ok_or_else(wrong)?;
    let (netns, kind) = (File::open(netns)?, if kind == "tap" { libc::IFF_TAP } else { libc::IFF_TUN });
    let make = || {
        // SAFETY: the descriptor is open, and only this thread changes its namespace.
        if unsafe { libc::setns(netns.as_raw_fd(), libc::CLONE_NEWNET) } != 0 {
            return Err(Error::last_os_error());
        }
        let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
        // SAFETY: all bytes of an ifreq may be zero.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
            *to = from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (kind | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: TUNSETIFF reads and writes one ifreq, which outlives the call.
        match unsafe { libc::ioctl(file.as_raw_fd(), TUNSETIFF as _, &raw mut request) } {
            0 => Ok(file),
            _ => Err(Error::last_os_error()),
        }
    };
    std::thread::scope(|scope| scope.spawn(make).join()).map_err(|_| Error::other("panic"))?
}

/// Carries what comes out of one device to the other one; ends when one of them is gone.
fn copy(from: &File, to: &File, nature: &Nature) {
    let mut buffer = vec![0; LONGEST];
    let (mut held, mut count) = (None::<Vec<u8>>, 0_u32);
    loop {
        if held.is_some() && !readable(from) {
            send_held(to, &mut held);
        }
        let mut reader = from;
        let Ok(length) = reader.read(&mut buffer) else { return };
        let packet = &mut buffer[..length];
        if !pass(packet, from, nature) {
            continue;
        }
        count = count.wrapping_add(1);
        if held.is_none() && nature.reorder.is_some_and(|each| count.is_multiple_of(each)) {
            held = Some(packet.to_vec());
            continue;
        }
        send(to, packet);
        send_held(to, &mut held);
    }
}

fn send_held(to: &File, held: &mut Option<Vec<u8>>) {
    if let Some(late) = held.take() {
        send(to, &late);
    }
}

/// A device that is down, or full, loses the packet.
fn send(mut to: &File, packet: &[u8]) {
    let _lost = to.write(packet);
}

fn readable(file: &File) -> bool {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd that outlives the call.
    unsafe { libc::poll(&raw mut poll, 1, HELD.as_millis() as libc::c_int) > 0 }
}

/// Whether the packet goes on; it may be damaged here.
fn pass(frame: &mut [u8], back: &File, nature: &Nature) -> bool {
    if fastrand::u32(..100) < nature.lose {
        return false;
    }
    let Some(length) = packet::length(frame, nature.head) else { return true };
    if nature.max.is_some_and(|max| length > max) {
        if let (Some(mtu), Some(router)) = (nature.tells, &nature.router)
            && let Some(answer) = packet::too_big(frame, nature.head, mtu, router)
        {
            send(back, &answer);
        }
        return false;
    }
    if nature.no_fragments && packet::is_later_fragment(frame, nature.head) {
        return false;
    }
    if nature.corrupt.is_some_and(|most| length > most)
        && let Some(last) = frame.get_mut(nature.head + length - 1)
    {
        // Whatever checksum covers it is wrong now.
        *last ^= 0x55;
    }
    true
}
