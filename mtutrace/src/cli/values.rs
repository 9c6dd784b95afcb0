//! Parsers of option values. An error says what would be right.
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use ipnet::IpNet;

use crate::model::NetnsId;
use crate::telemetry::cost::page_size;

/// A time with a unit, longer than zero.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write 30s, 500ms or 5m");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let duration = Duration::try_from(parsed).map_err(|_| wrong())?;
    if duration.is_zero() { Err("must be longer than 0 s".to_owned()) } else { Ok(duration) }
}

/// Bytes, as the kernel demands them of a BPF ring buffer (`ringbuf_map_alloc`).
pub(super) fn ring_size(text: &str) -> Result<u32, String> {
    let page = page_size();
    let right = |bytes: &u32| bytes.is_power_of_two() && u64::from(*bytes).is_multiple_of(page);
    text.parse().ok().filter(right).ok_or_else(|| {
        format!("{text:?} is not a ring buffer size; write a power of two from {page} to 2147483648 bytes")
    })
}

/// Bytes, with K, M or G for 1024 of the smaller ones.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let factor: Option<u64> = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => Some(1),
        "K" | "KB" | "KIB" => Some(1 << 10),
        "M" | "MB" | "MIB" => Some(1 << 20),
        "G" | "GB" | "GIB" => Some(1 << 30),
        _ => None,
    };
    let count = digits.parse::<u64>().ok().filter(|count| *count > 0);
    let all = factor.zip(count).and_then(|(factor, count)| count.checked_mul(factor));
    all.ok_or_else(|| format!("{text:?} is not a size; write 500K, 100M or 2G"))
}

/// An address, or a network in CIDR notation.
pub(super) fn host(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| {
        format!("{text:?} is neither an address nor a network; write 10.0.0.1, 10.0.0.0/24 or 2001:db8::/32")
    })
}

/// A name that is not empty: an empty one would match everything, or nothing.
pub(super) fn name(text: &str) -> Result<String, String> {
    let right = || "an empty name matches nothing; write one, or leave the option out".to_owned();
    if text.trim().is_empty() { Err(right()) } else { Ok(text.to_owned()) }
}

/// A network namespace, by inode number or by a file such as /proc/PID/ns/net.
pub(super) fn netns(text: &str) -> Result<NetnsId, String> {
    if let Ok(inode) = text.parse() {
        return Ok(NetnsId(inode));
    }
    let meta = std::fs::metadata(text).map_err(|e| {
        format!(
            "{text:?} is neither an inode number nor a readable namespace file ({e}); try /proc/PID/ns/net"
        )
    })?;
    u32::try_from(meta.ino()).map(NetnsId).map_err(|_| format!("{text:?} is not a network namespace"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::PodName;
    use test_case::test_case;

    #[test_case("30s", Some(30_000); "seconds")]
    #[test_case("500ms", Some(500); "milliseconds")]
    #[test_case("1m 30s", Some(90_000); "two units")]
    #[test_case("0s", None; "nothing")]
    #[test_case("-1s", None; "negative")]
    #[test_case("30", None; "no unit")]
    #[test_case("soon", None; "no time at all")]
    fn durations(text: &str, milliseconds: Option<u64>) {
        assert_eq!(duration(text).ok(), milliseconds.map(Duration::from_millis));
    }

    #[test_case("1048576", true; "the default")]
    #[test_case("2147483648", true; "the largest")]
    #[test_case("4294967296", false; "too large")]
    #[test_case("0", false; "nothing")]
    #[test_case("2048", false; "less than a page")]
    #[test_case("1000000", false; "no power of two")]
    #[test_case("1M", false; "a unit")]
    fn ring_sizes(text: &str, right: bool) {
        let parsed = ring_size(text);
        assert_eq!(parsed.is_ok(), right, "{parsed:?}");
        assert!(right || parsed.unwrap_err().contains("power of two"));
    }

    #[test_case("ci/build-0", Some(("ci", "build-0")); "well formed")]
    #[test_case("build-0", None; "no namespace")]
    #[test_case("ci/", None; "no name")]
    #[test_case("/build-0", None; "an empty namespace")]
    #[test_case("ci/build/0", None; "three parts")]
    fn pods(text: &str, pod: Option<(&str, &str)>) {
        let parsed = text.parse::<PodName>();
        assert_eq!(parsed.as_ref().ok().map(|p| (p.namespace.as_str(), p.name.as_str())), pod);
        assert!(pod.is_some() || parsed.unwrap_err().contains("NAMESPACE/NAME"));
    }

    #[test_case("web", true; "a name")]
    #[test_case("", false; "nothing")]
    #[test_case("  ", false; "blanks")]
    fn names(text: &str, right: bool) {
        assert_eq!(name(text).is_ok(), right);
    }

    #[test_case("10.0.0.1", Some("10.0.0.1/32"); "an address")]
    #[test_case("10.0.0.1/8", Some("10.0.0.1/8"); "a network")]
    #[test_case("2001:db8::/32", Some("2001:db8::/32"); "IPv6")]
    #[test_case("10.0.0.1/33", None; "too many bits")]
    #[test_case("web", None; "a name")]
    fn hosts(text: &str, net: Option<&str>) {
        assert_eq!(host(text).ok().map(|net| net.to_string()).as_deref(), net);
    }

    #[test]
    fn namespaces_by_number_and_by_path() {
        assert_eq!(netns("4026531840"), Ok(NetnsId(4_026_531_840)));
        let own = std::fs::metadata("/proc/self/ns/net").unwrap().ino();
        assert_eq!(netns("/proc/self/ns/net"), Ok(NetnsId(u32::try_from(own).unwrap())));
        assert!(netns("/nowhere").unwrap_err().contains("/proc/PID/ns/net"));
    }
}
