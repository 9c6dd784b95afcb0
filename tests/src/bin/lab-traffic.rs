//! The traffic of the lab: an HTTP/1.1 server and client small enough to know exactly what they do.
//!
//! `serve --listen ADDR` · `get URL --timeout S` · `put URL --bytes N --timeout S` ·
//! `udp-send ADDR --size N --count N [--df]`. Lines on stdout are for the parent: `ready`, `stalled BYTES`
//! (nothing has moved for a while, still trying), and at the end `complete BYTES` or `failed BYTES why`.
#![expect(clippy::print_stdout, reason = "lines on stdout are how it talks to its parent")]

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Silence after which a transfer counts as stalled; longer than the first retransmission.
const STALL: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let args = std::env::args().skip(1).collect::<Vec<_>>();
    let result = match args.first().map(String::as_str) {
        Some("serve") => serve(&option(&args, "--listen").unwrap_or_default()),
        Some("udp-send") => udp_send(&args),
        Some("get" | "put") => return transfer(&args),
        _ => Err(Error::new(ErrorKind::InvalidInput, "serve, get, put or udp-send")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-traffic: {error}");
            ExitCode::from(2)
        }
    }
}

fn option(args: &[String], name: &str) -> Option<String> {
    let at = args.iter().position(|arg| arg == name)?;
    args.get(at + 1).cloned()
}

fn number<T: std::str::FromStr>(args: &[String], name: &str) -> Result<T> {
    let value = option(args, name).and_then(|text| text.parse().ok());
    value.ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("{name} wants a number")))
}

fn serve(address: &str) -> Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("ready");
    for stream in listener.incoming() {
        let stream = stream?;
        // A client that hangs up, or never gets anything, is part of the experiment.
        std::thread::spawn(move || answer(stream).ok());
    }
    Ok(())
}

/// The numbers of an HTTP head that matter here: its first line and the length of the body.
fn head(reader: &mut impl BufRead) -> Result<(String, usize)> {
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            return Ok((first, length));
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(Error::other)?;
        }
    }
}

fn answer(stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(&stream);
    let (request, length) = head(&mut reader)?;
    let body = if request.starts_with("GET ") {
        let size = request.split(['/', ' ']).nth(2).and_then(|size| size.parse().ok());
        vec![b'x'; size.unwrap_or(0)]
    } else {
        std::io::copy(&mut reader.by_ref().take(length as u64), &mut std::io::sink())?
            .to_string()
            .into_bytes()
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    (&stream).write_all(&[head.as_bytes(), &body].concat())
}

/// A connection that reports silence: it says `stalled` once and gives up after `timeout`.
struct Watched {
    stream: TcpStream,
    timeout: Duration,
    moved: Instant,
    bytes: u64,
    said: bool,
}

impl Watched {
    /// Repeats an operation that timed out until it moves something or the patience is over.
    fn patiently(&mut self, mut step: impl FnMut(&mut TcpStream) -> Result<usize>) -> Result<usize> {
        loop {
            match step(&mut self.stream) {
                Ok(count) => {
                    self.moved = Instant::now();
                    return Ok(count);
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
            let silent = self.moved.elapsed();
            if silent >= self.timeout {
                return Err(Error::new(ErrorKind::TimedOut, "no progress"));
            }
            if silent >= STALL && !self.said {
                self.said = true;
                println!("stalled {}", self.bytes);
            }
        }
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.patiently(|stream| stream.read(buffer))
    }
}

fn transfer(args: &[String]) -> ExitCode {
    let mut bytes = 0;
    match exchange(args, &mut bytes) {
        Ok(()) => {
            println!("complete {bytes}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("failed {bytes} {error}");
            ExitCode::FAILURE
        }
    }
}

fn exchange(args: &[String], bytes: &mut u64) -> Result<()> {
    let timeout = Duration::from_secs_f64(number(args, "--timeout")?);
    let url = args.get(1).and_then(|url| url.strip_prefix("http://")).unwrap_or_default();
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let address = match host.parse::<SocketAddr>() {
        Ok(address) => address,
        Err(_) => format!("{host}:80").parse().map_err(Error::other)?,
    };
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(TICK))?;
    let mut http = Watched { stream, timeout, moved: Instant::now(), bytes: 0, said: false };
    let upload = args[0] == "put";
    let size = if upload { number(args, "--bytes")? } else { 0 };
    let method = if upload { "PUT" } else { "GET" };
    let request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n");
    http.stream.write_all(request.as_bytes())?;
    let body = vec![b'x'; size];
    while http.bytes < body.len() as u64 {
        let rest = &body[http.bytes as usize..];
        http.bytes += http.patiently(|stream| stream.write(rest))? as u64;
        *bytes = http.bytes;
    }
    receive(http, bytes, upload)
}

/// Reads the answer; for a download its body is what counts.
fn receive(http: Watched, bytes: &mut u64, upload: bool) -> Result<()> {
    let mut reader = BufReader::new(http);
    let (_, length) = head(&mut reader)?;
    let mut got = 0;
    let mut buffer = [0; 16384];
    while got < length {
        match reader.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => got += count,
        }
        if !upload {
            *bytes = got as u64;
            reader.get_mut().bytes = got as u64;
        }
    }
    Ok(())
}

fn udp_send(args: &[String]) -> Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let discover =
        if args.iter().any(|arg| arg == "--df") { libc::IP_PMTUDISC_DO } else { libc::IP_PMTUDISC_DONT };
    // SAFETY: the value is a c_int that outlives the call, and its size is passed beside it.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MTU_DISCOVER,
            (&raw const discover).cast(),
            size_of_val(&discover) as libc::socklen_t,
        )
    };
    if result != 0 {
        return Err(Error::last_os_error());
    }
    let payload = vec![b'x'; number(args, "--size")?];
    let count = number::<usize>(args, "--count")?;
    let to = args.get(1).cloned().unwrap_or_default();
    // One that the kernel refuses (EMSGSIZE) is part of the experiment, so it is counted, not fatal.
    let sent = (0..count).filter(|_| socket.send_to(&payload, &to).is_ok()).count();
    println!("sent {sent}");
    Ok(())
}
