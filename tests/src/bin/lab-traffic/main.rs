//! The traffic of the lab, small enough to know exactly what it does.
//!
//! `serve --listen ADDR` · `get URL --timeout S [--reader slow|rest|reset]` · `put URL --bytes N --timeout S` ·
//! `hold` · `wire --kind tap|tun --a NETNS:DEVICE --b NETNS:DEVICE …` (see wire.rs) ·
//! `udp-send ADDR --size N --count N [--df|--probe]` · `load-sink --listen ADDR` · `load-udp ADDR …` · `load-tcp ADDR …` (see load.rs) · `first-fragments ADDR --size N --count N`. `attack KIND ADDR [--as IP]` (see attack.rs) · `bench` (in a guest). Lines on stdout are for
//! the parent: `ready`, `stalled BYTES` (nothing has moved for a while, still trying), and at the end
//! `complete BYTES` or `failed BYTES why`; senders of datagrams end with `sent N refused N`, load with `sent N nanos N cpu N`.
#![expect(clippy::print_stdout, reason = "lines on stdout are how it talks to its parent")]

use std::io::{Error, ErrorKind};
use std::process::ExitCode;

use mtutrace_tests::bench::instructions;

mod args;
mod attack;
mod fragment;
mod http;
mod load;
mod packet;
mod udp;
mod wire;

/// `bench`: measures in a guest whose clock counts instructions, and tells what it found: a line of JSON.
fn bench() -> std::io::Result<()> {
    let counted = instructions::measure(|what| eprintln!("bench: {what}")).map_err(Error::other)?;
    println!("counted {}", serde_json::to_string(&counted)?);
    Ok(())
}

fn main() -> ExitCode {
    let args = std::env::args().skip(1).collect::<Vec<_>>();
    let result = match args.first().map(String::as_str) {
        Some("serve") => http::serve(&args::option(&args, "--listen").unwrap_or_default()),
        // What the sandbox of a pod does.
        Some("hold") => loop {
            std::thread::park();
        },
        Some("udp-send") => udp::send(&args),
        Some("first-fragments") => fragment::send(&args),
        Some("wire") => wire::run(&args),
        Some("load-sink") => load::sink(&args),
        Some("load-udp") => load::udp(&args),
        Some("load-tcp") => load::tcp(&args),
        Some("bench") => bench(),
        Some("attack") => attack::run(&args),
        Some("get" | "put") => return http::transfer(&args),
        _ => Err(Error::new(
            ErrorKind::InvalidInput,
            "serve, get, put, hold, udp-send, first-fragments, load-…, bench, attack or wire",
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-traffic: {error}");
            ExitCode::from(2)
        }
    }
}
