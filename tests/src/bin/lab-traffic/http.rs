//! An HTTP/1.1 server, and a client that notices silence. `GET /N/slow` is answered slowly,
//! `GET /N/stall` with a rest in the middle, `GET /N/reset` half, `GET /N/keep` without an end of the connection.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::args::{number, option};

/// Silence after which a transfer counts as stalled; longer than the first retransmission.
const STALL: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(100);
/// How a slow server answers.
const SIP: usize = 2000;
const PAUSE: Duration = Duration::from_millis(50);
/// How long one rests that stalls.
const REST: Duration = Duration::from_secs(3);

pub(crate) fn serve(address: &str) -> Result<()> {
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
    let answer = [head.as_bytes(), &body].concat();
    let manner = request.split(['/', ' ']).nth(3).unwrap_or_default();
    match manner {
        "slow" => trickle(&stream, &answer),
        "stall" => {
            let (begin, end) = answer.split_at(answer.len() / 2);
            (&stream).write_all(begin)?;
            std::thread::sleep(REST);
            (&stream).write_all(end)
        }
        "reset" => {
            (&stream).write_all(&answer[..answer.len() / 2])?;
            reset(stream)
        }
        "keep" => {
            (&stream).write_all(&answer)?;
            // Until the client has had enough: nothing follows the answer, as after a flight of TLS.
            std::io::copy(&mut reader, &mut std::io::sink()).map(drop)
        }
        _ => (&stream).write_all(&answer),
    }
}

/// Some bytes now and then, as from a server that is busy with others.
fn trickle(mut stream: &TcpStream, answer: &[u8]) -> Result<()> {
    answer.chunks(SIP).try_for_each(|sip| {
        std::thread::sleep(PAUSE);
        stream.write_all(sip)
    })
}

/// Closes with RST instead of FIN: what close(2) does when it must not linger (socket(7), SO_LINGER).
fn reset(stream: TcpStream) -> Result<()> {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: the option is a linger that outlives the call, its size is passed beside it, the descriptor is open.
    let result = unsafe {
        let size = size_of_val(&linger) as libc::socklen_t;
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size,
        )
    };
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
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

pub(crate) fn transfer(args: &[String]) -> ExitCode {
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
    receive(http, bytes, upload, &option(args, "--reader").unwrap_or_default())
}

/// Reads the answer; for a download its body is what counts.
fn receive(http: Watched, bytes: &mut u64, upload: bool, manner: &str) -> Result<()> {
    let mut reader = BufReader::new(http);
    let (_, length) = head(&mut reader)?;
    let (mut got, mut rested) = (0, false);
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
        match manner {
            "slow" => std::thread::sleep(PAUSE),
            // The window closes meanwhile.
            "rest" if !rested => {
                rested = true;
                std::thread::sleep(REST);
            }
            "reset" if got * 2 > length => {
                reset(reader.into_inner().stream)?;
                return Err(ErrorKind::ConnectionAborted.into());
            }
            _ => {}
        }
    }
    Ok(())
}
