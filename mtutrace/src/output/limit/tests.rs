//! Floods, and what of them is written.
use super::*;
use crate::telemetry::TraceStatus;

/// A limiter of so many lines in a second, and all that it has written.
struct Log {
    limiter: Limiter,
    start: Instant,
    text: String,
}

impl Log {
    fn new(rate: &str) -> Log {
        let start = Instant::now();
        Log { limiter: Limiter::new(rate.parse().unwrap(), start), start, text: String::new() }
    }

    fn show(&mut self, item: &Item<'_>, line: &str, at_ms: u64) {
        let (now, text) = (self.start + Duration::from_millis(at_ms), &mut self.text);
        let write = |lines: &[u8], _: Worth| {
            text.push_str(std::str::from_utf8(lines).unwrap());
            Ok(())
        };
        self.limiter.show(item, line.as_bytes(), now, write).unwrap();
    }

    fn lines(&self) -> Vec<&str> {
        self.text.lines().collect()
    }
}

#[test]
fn of_a_flood_the_last_word_is_written_once_there_is_room() {
    let (mut log, status) = (Log::new("2/s"), TraceStatus::default());
    for n in 0..1000 {
        log.show(&Item::Status(&status), &format!("status {n}\n"), 0);
    }
    assert_eq!(log.lines(), ["status 0", "status 1"]);
    // 2 were written, the newest waits, and the 997 before it are counted.
    assert_eq!(log.limiter.left_out(), 997);
    log.show(&Item::Report(&[]), "", 499);
    assert_eq!(log.lines().len(), 2, "too soon");
    log.show(&Item::Report(&[]), "", 501);
    assert_eq!(log.lines(), ["status 0", "status 1", "status 999"]);
}

#[test]
fn events_wait_for_nobody_and_do_not_come_before_what_waits() {
    let (mut log, status) = (Log::new("1/m"), TraceStatus::default());
    log.show(&Item::Report(&[]), "report 0\n", 0);
    log.show(&Item::Status(&status), "status 1\n", 1);
    log.show(&Item::Report(&[]), "report 2\nreport 3\n", 2);
    assert_eq!((log.lines(), log.limiter.left_out()), (vec!["report 0"], 2));
    log.show(&Item::Report(&[]), "report 4\n", 61_000);
    assert_eq!((log.lines(), log.limiter.left_out()), (vec!["report 0", "status 1"], 3));
}

#[test]
fn the_end_has_all_of_it() {
    let (mut log, status) = (Log::new("1/h"), TraceStatus::default());
    log.show(&Item::Status(&status), "status 0\n", 0);
    log.show(&Item::Status(&status), "status 1\n", 0);
    let totals = crate::output::Totals::default();
    log.show(&Item::End(&[], &[], &status, &totals), "end 2\nend 3\n", 0);
    assert_eq!(log.lines(), ["status 0", "status 1", "end 2", "end 3"]);
}

#[test]
fn rates() {
    assert_eq!("7".parse(), "7/s".parse::<Rate>());
    assert_eq!("60/m".parse(), Ok(Rate { lines: 60, per: Duration::from_secs(60) }));
    assert_eq!("9/h".parse(), Ok(Rate { lines: 9, per: Duration::from_secs(3600) }));
    for wrong in ["", "0/s", "x", "10/d", "10/", "-1/s"] {
        assert!(wrong.parse::<Rate>().unwrap_err().contains("60/m"), "{wrong}");
    }
}
