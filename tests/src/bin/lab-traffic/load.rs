//! Load: as many datagrams or bytes as will go for a while, or so many a second, and who takes them.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use super::args::{number, option};
use super::udp::{bound_for, destination, discovery};

/// Datagrams of one call of sendmmsg(2) and recvmmsg(2).
const BATCH: usize = 32;
/// Bytes of one write, and of one read.
const CHUNK: usize = 128 * 1024;
/// How often a sender that is ahead of its rate looks again.
const NAP: Duration = Duration::from_micros(100);

/// Runs on one CPU alone from now on, if `--cpu N` says so: the scheduler's choices are not what is measured.
pub(crate) fn pin(args: &[String]) -> Result<()> {
    let Some(cpu) = option(args, "--cpu") else { return Ok(()) };
    let cpu: usize = cpu.parse().map_err(|_| Error::new(ErrorKind::InvalidInput, "--cpu wants a number"))?;
    // SAFETY: a cpu_set_t is an array of integers; zeros are the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(Error::new(ErrorKind::InvalidInput, "no such CPU"));
    }
    // SAFETY: the number is below CPU_SETSIZE, as was checked.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set is live, and its size is passed beside it.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

/// `load-sink --listen ADDR`: takes datagrams and connections until it is killed. What arrived is in the kernel's counters.
pub(crate) fn sink(args: &[String]) -> Result<()> {
    pin(args)?;
    let address = option(args, "--listen").unwrap_or_default();
    let (listener, datagrams) = (TcpListener::bind(&address)?, UdpSocket::bind(&address)?);
    println!("ready");
    std::thread::spawn(move || -> Result<()> {
        loop {
            let (mut stream, _) = listener.accept()?;
            let mut buffer = vec![0; CHUNK];
            // Closing at the end tells the sender that all of it arrived.
            while let Ok(1..) = stream.read(&mut buffer) {}
        }
    });
    let mut batch = Batch::new(&[0; 2048]);
    loop {
        batch.receive(&datagrams)?;
    }
}

/// `load-udp ADDR --size N --seconds S [--rate N] [--probe]`: as many datagrams as will go, or so many a second.
pub(crate) fn udp(args: &[String]) -> Result<()> {
    pin(args)?;
    let to = destination(args)?;
    let socket = bound_for(to)?;
    discovery(&socket, to, args)?;
    socket.connect(to)?;
    let length = Duration::from_secs_f64(number(args, "--seconds")?);
    let rate = option(args, "--rate").map(|_| number::<f64>(args, "--rate")).transpose()?;
    let mut batch = Batch::new(&vec![b'x'; number(args, "--size")?]);
    let (start, mut sent) = (Instant::now(), 0_u64);
    loop {
        let elapsed = start.elapsed();
        if elapsed >= length {
            break;
        }
        let due =
            rate.map_or(BATCH as u64, |rate| ((elapsed.as_secs_f64() * rate) as u64).saturating_sub(sent));
        if due == 0 {
            std::thread::sleep(NAP);
            continue;
        }
        sent += batch.send(&socket, due.min(BATCH as u64) as usize)?;
    }
    tell(sent, start);
    Ok(())
}

/// `load-tcp ADDR --seconds S`: one connection, as fast as it goes; the time ends when the other end has all of it.
pub(crate) fn tcp(args: &[String]) -> Result<()> {
    pin(args)?;
    let length = Duration::from_secs_f64(number(args, "--seconds")?);
    let mut stream = TcpStream::connect(destination(args)?)?;
    let chunk = vec![b'x'; CHUNK];
    let (start, mut sent) = (Instant::now(), 0_u64);
    while start.elapsed() < length {
        stream.write_all(&chunk)?;
        sent += chunk.len() as u64;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    let _nothing_comes = stream.read(&mut [0])?;
    tell(sent, start);
    Ok(())
}

/// The last line of a sender; its own CPU time comes last.
fn tell(sent: u64, start: Instant) {
    let nanos = start.elapsed().as_nanos();
    // SAFETY: a timespec is integers; zeros are valid.
    let mut cpu: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one timespec, which is live.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut cpu) };
    println!("sent {sent} nanos {nanos} cpu {}", cpu.tv_sec * 1_000_000_000 + cpu.tv_nsec);
}

/// Buffers, and what sendmmsg(2) and recvmmsg(2) want to know of them.
struct Batch {
    buffers: Vec<Vec<u8>>,
}

impl Batch {
    fn new(buffer: &[u8]) -> Self {
        Self { buffers: vec![buffer.to_vec(); BATCH] }
    }

    fn headers(&mut self, parts: &mut [libc::iovec; BATCH]) -> [libc::mmsghdr; BATCH] {
        // SAFETY: a mmsghdr is integers and pointers; zeros are valid: no address, no parts.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for ((header, part), buffer) in headers.iter_mut().zip(parts.iter_mut()).zip(&mut self.buffers) {
            *part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
        }
        headers
    }

    /// Sends the first `count` of them; how many went. Where the queue is full, none, which is part of the experiment.
    fn send(&mut self, socket: &UdpSocket, count: usize) -> Result<u64> {
        // SAFETY: an iovec of zeros is an empty one.
        let mut parts: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
        let mut headers = self.headers(&mut parts);
        let count = count.min(headers.len()) as libc::c_uint;
        // SAFETY: so many headers are live, and so are the parts and buffers that they point to.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, 0) };
        if sent >= 0 {
            return Ok(sent as u64);
        }
        let error = Error::last_os_error();
        match error.raw_os_error() {
            // Nobody listens, or an ICMP error came: told once, and the next ones go.
            Some(libc::ECONNREFUSED | libc::EHOSTUNREACH | libc::EMSGSIZE | libc::ENOBUFS) => Ok(0),
            _ => Err(error),
        }
    }

    fn receive(&mut self, socket: &UdpSocket) -> Result<()> {
        // SAFETY: as above.
        let mut parts: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
        let mut headers = self.headers(&mut parts);
        let (count, flags) = (headers.len() as libc::c_uint, libc::MSG_WAITFORONE);
        // SAFETY: so many headers are live, and so are the parts and buffers that they point to; no timeout.
        let result = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags as _, std::ptr::null_mut())
        };
        if result >= 0 { Ok(()) } else { Err(Error::last_os_error()) }
    }
}
