//! Whether a signal can be seen on this kernel, by what the tracer's own status says.

use serde_json::Value;

/// `Ok` when some hook that is in use sees it; else why those that would are missing.
pub(super) fn of(status: &Value, signal: &str, cause: Option<&str>) -> Result<(), String> {
    let hooks = status["hooks"].as_array().cloned().unwrap_or_default();
    let seers = hooks.iter().filter(|hook| sees(hook, signal, cause)).collect::<Vec<_>>();
    if seers.iter().any(|hook| hook["state"] == "attached" || hook["state"] == "fallback") {
        return Ok(());
    }
    let text = |hook: &Value, key: &str| hook[key].as_str().unwrap_or("?").to_owned();
    let reasons = seers.iter().map(|hook| format!("{}: {}", text(hook, "hook"), text(hook, "why")));
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    Err(if reasons.is_empty() { "no hook of this build sees it".into() } else { reasons })
}

/// A hook that names its causes sees those alone; one that does not sees whatever its signals promise.
fn sees(hook: &Value, signal: &str, cause: Option<&str>) -> bool {
    let has = |key: &str, wanted: &str| {
        hook[key].as_array().is_some_and(|values| values.iter().any(|value| value == wanted))
    };
    has("signals", signal) && cause.is_none_or(|cause| hook["causes"].is_null() || has("causes", cause))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hook_must_be_in_use_and_see_the_cause() {
        let status = json!({"hooks": [
            {"hook": "raw_tp:kfree_skb", "signals": ["drop"], "causes": ["forward_df"], "state": "attached"},
            {"hook": "kprobe:ip_local_error", "signals": ["drop"], "causes": ["local_df"], "state": "missing",
             "why": "no kprobes"},
            {"hook": "tc:ingress", "signals": ["fragmented"], "state": "spare"},
        ]});
        assert_eq!(of(&status, "drop", Some("forward_df")), Ok(()));
        assert_eq!(of(&status, "drop", Some("local_df")), Err("kprobe:ip_local_error: no kprobes".into()));
        assert!(of(&status, "fragmented", None).is_err());
        assert_eq!(of(&status, "pmtu_updated", None), Err("no hook of this build sees it".into()));
    }
}
