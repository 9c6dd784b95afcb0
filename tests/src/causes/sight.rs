//! Whether a signal can be seen on this kernel, by what the tracer's own status says.

use serde_json::Value;

use super::expect::Expected;

/// `Ok` when some hook that is in use sees it; else why those that would are missing.
pub(super) fn of(status: &Value, expected: &Expected<'_>) -> Result<(), String> {
    let hooks = status["hooks"].as_array().cloned().unwrap_or_default();
    let seers = hooks.iter().filter(|hook| sees(hook, expected)).collect::<Vec<_>>();
    if seers.iter().any(|hook| hook["state"] == "attached" || hook["state"] == "fallback") {
        return Ok(());
    }
    let mut reasons = seers.iter().filter_map(|hook| hook["why"].as_str()).collect::<Vec<_>>();
    reasons.dedup();
    Err(if reasons.is_empty() { "no hook of this build sees it".into() } else { reasons.join("; ") })
}

/// A hook that names its causes sees those alone; one that does not sees whatever its signals promise.
fn sees(hook: &Value, expected: &Expected<'_>) -> bool {
    let has = |key: &str, wanted: &str| {
        hook[key].as_array().is_some_and(|values| values.iter().any(|value| value == wanted))
    };
    expected.only.is_none_or(|only| hook["hook"] == only)
        && has("signals", expected.signal)
        && expected.cause.is_none_or(|cause| hook["causes"].is_null() || has("causes", cause))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::expect::Count;
    use super::*;

    fn expected<'a>(signal: &'a str, cause: Option<&'a str>) -> Expected<'a> {
        Expected {
            name: "test",
            signal,
            cause,
            only: None,
            places: &[],
            count: Count::Exactly(1),
            mtu: None,
            length: None,
            family: "ipv4",
            protocol: "udp",
            unknown: &[],
            companions: &[],
        }
    }

    #[test]
    fn a_hook_must_be_in_use_and_see_the_cause() {
        let status = json!({"hooks": [
            {"hook": "raw_tp:kfree_skb", "signals": ["drop"], "causes": ["forward_df"], "state": "attached"},
            {"hook": "kprobe:ip_local_error", "signals": ["drop"], "causes": ["local_df"], "state": "missing",
             "why": "no kprobes"},
            {"hook": "tc:ingress", "signals": ["fragmented"], "state": "spare"},
        ]});
        let of = |signal, cause| of(&status, &expected(signal, cause));
        assert_eq!(of("drop", Some("forward_df")), Ok(()));
        assert_eq!(of("drop", Some("local_df")), Err("no kprobes".into()));
        assert!(of("fragmented", None).is_err());
        assert_eq!(of("pmtu_updated", None), Err("no hook of this build sees it".into()));
        let only = Expected { only: Some("kprobe:other"), ..expected("drop", Some("forward_df")) };
        assert!(super::of(&status, &only).is_err());
    }
}
