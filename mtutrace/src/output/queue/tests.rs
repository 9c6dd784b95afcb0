//! Readers of all kinds.
use std::io::{PipeReader, Read};
use std::os::fd::OwnedFd;

use super::*;

fn pipe() -> (PipeReader, Queue) {
    let (reader, writer) = io::pipe().unwrap();
    (reader, Queue::new(File::from(OwnedFd::from(writer))).unwrap())
}

#[test]
fn all_of_it_arrives_in_order() {
    let (mut reader, queue) = pipe();
    let lines: Vec<String> = (0..50_000).map(|n| format!("line {n}\n")).collect();
    let reads = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    for line in &lines {
        queue.push(line.as_bytes(), Worth::Ordinary).unwrap();
        queue.flush().unwrap();
    }
    queue.settle(Patience::SIGNALLED).unwrap();
    assert_eq!(queue.backlog(), Backlog::default());
    drop(queue);
    assert_eq!(reads.join().unwrap(), lines.concat());
}

#[test]
fn a_reader_that_does_not_read_costs_lines_and_no_time() {
    let (_reader, queue) = pipe();
    let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
    let start = Instant::now();
    for _ in 0..3 * ROOM / 1024 {
        queue.push(&line, Worth::Ordinary).unwrap();
        queue.flush().unwrap();
    }
    let events = queue.backlog();
    assert!(events.unwritten > 0 && events.bytes <= 2 * ROOM, "{events:?}");
    queue.push(&line, Worth::Important).unwrap();
    assert_eq!(queue.backlog().unwritten, events.unwritten, "a verdict has room where events have none");
    for _ in 0..2 * RESERVED / 1024 {
        queue.push(&line, Worth::Important).unwrap();
    }
    let all = queue.backlog();
    assert!(all.unwritten > events.unwritten, "not without limit: {all:?}");
    queue.push(&line, Worth::Last).unwrap();
    assert_eq!(queue.backlog().unwritten, all.unwritten);
    assert!(start.elapsed() < Duration::from_secs(5), "nobody waited for the reader");
    let (start, stuck) = (Instant::now(), Patience::SIGNALLED.stuck);
    assert_eq!(queue.settle(Patience::SIGNALLED).unwrap_err().kind(), ErrorKind::TimedOut);
    assert!((stuck..2 * stuck).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(queue.backlog().stuck >= stuck);
}

#[test]
fn what_the_kernel_says_is_said_soon() {
    let (reader, queue) = pipe();
    drop(reader);
    queue.push(b"a line\n", Worth::Ordinary).unwrap();
    assert_eq!(queue.settle(Patience::SIGNALLED).unwrap_err().kind(), ErrorKind::BrokenPipe);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let queue = Queue::new(full).unwrap();
    queue.push(b"a line\n", Worth::Ordinary).unwrap();
    assert_eq!(queue.settle(Patience::SIGNALLED).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(queue.push(b"another\n", Worth::Ordinary).is_err());
}

/// One that is slow, but reads, gets all of it.
#[test]
fn who_reads_is_waited_for() {
    let (mut reader, queue) = pipe();
    let (stuck, slow) = (Duration::from_millis(200), Duration::from_secs(30));
    let lines = b"line\n".repeat(100_000);
    queue.push(&lines, Worth::Ordinary).unwrap();
    let reads = std::thread::spawn(move || {
        let (mut total, mut piece) = (0, vec![0; 64 << 10]);
        loop {
            std::thread::sleep(stuck / 4);
            match reader.read(&mut piece).unwrap() {
                0 => return total,
                count => total += count,
            }
        }
    });
    let start = Instant::now();
    queue.settle(Patience { stuck, slow }).unwrap();
    assert!(start.elapsed() > stuck, "it took longer than somebody who does not read is given");
    drop(queue);
    assert_eq!(reads.join().unwrap(), lines.len());
}
