//! What `map` said of a case before anything was sent, against what `run` is expected to say. Pure.

use serde_json::Value;

use super::case::{Case, Expect, Numbers};
use super::judge::Cast;

/// Where `map` and the case's file disagree; nothing if the file says why it may.
pub(super) fn differences(case: &Case, numbers: &Numbers, cast: &Cast, map: &Value) -> Vec<String> {
    if case.map.is_some() {
        return Vec::new();
    }
    match &case.expect {
        None => alarms(cast, map),
        Some(expect) if expect.culprit.is_some() => missing(expect, numbers, cast, map).into_iter().collect(),
        // Nothing of this node is wrong.
        Some(_) => Vec::new(),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn rows(map: &Value) -> impl Iterator<Item = &Value> {
    list(map, "containers").chain(list(map, "unowned"))
}

/// All that is wrong with a row.
fn mismatches(row: &Value) -> impl Iterator<Item = &Value> {
    row.get("mismatch").filter(|one| !one.is_null()).into_iter().chain(list(row, "other_mismatches"))
}

/// Tunnels of the case that have no room.
fn tunnels<'a>(cast: &'a Cast, map: &'a Value) -> impl Iterator<Item = &'a Value> {
    list(map, "tunnels").filter(|row| row["wrong"] == true && cast.has(row))
}

fn alarms(cast: &Cast, map: &Value) -> Vec<String> {
    let judged = rows(map).filter(|row| cast.talkers.iter().any(|talker| talker.is_in(row)));
    let found = judged.flat_map(mismatches).map(|one| format!("map finds a mismatch: {}", words(one)));
    let tunnels = tunnels(cast, map).map(|row| format!("map finds a tunnel without room: {row}"));
    found.chain(tunnels).collect()
}

fn missing(expect: &Expect, numbers: &Numbers, cast: &Cast, map: &Value) -> Option<String> {
    let number = |name: &Option<String>| name.as_ref().and_then(|name| numbers.get(name).ok());
    let (culprit, bottleneck) = (number(&expect.culprit), number(&expect.bottleneck));
    let is = |value: &Value, number: Option<u32>| value.as_u64() == number.map(u64::from);
    let named = |value: &Value| expect.culprit_interface.as_ref().is_none_or(|name| *value == name.as_str());
    // The row is that of whoever has the wrong device; who suffers may be at the other end.
    let said = rows(map).filter(|row| cast.has(row)).flat_map(mismatches).collect::<Vec<_>>();
    let fits = |one: &&Value| {
        is(&one["culprit"]["mtu"], culprit)
            && named(&one["culprit"]["interface"])
            && is(&one["bottleneck"]["mtu"], bottleneck)
    };
    let holds = |row: &Value| {
        let limit = [&row["fits"], &row["underlay"]["mtu"]].into_iter().any(|limit| is(limit, bottleneck));
        is(&row["mtu"], culprit) && named(&row["interface"]) && limit
    };
    if said.iter().any(fits) || tunnels(cast, map).any(holds) {
        return None;
    }
    let said = said.iter().map(|one| words(one)).collect::<Vec<_>>();
    Some(format!("map does not name this culprit and bottleneck, but {said:?}"))
}

fn words(mismatch: &Value) -> String {
    let device = |one: &Value| format!("{} {}", one["interface"].as_str().unwrap_or_default(), one["mtu"]);
    format!("{} over {}", device(&mismatch["culprit"]), device(&mismatch["bottleneck"]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::super::judge::Sufferer;
    use super::*;

    const CASE: &str = r#"
about = "x"
mtu = { wide = 1500, narrow = 1400 }
hop = [{ name = "c", mtu = "wide" }]
traffic = [{ kind = "upload" }]
"#;
    const EXPECT: &str =
        r#"expect = { verdict = "v", severity = "warning", culprit = "wide", bottleneck = "narrow" }"#;

    fn said(text: &str, mismatch: &Value) -> usize {
        let case: Case = toml::from_str(text).unwrap();
        let sufferer = Sufferer::Container("a".into());
        let cast = Cast { ids: vec!["a".into()], inodes: vec![7], talkers: vec![sufferer.clone()], sufferer };
        let row = json!({"container": {"id": "a"}, "netns": 7, "mismatch": mismatch});
        differences(&case, &case.draw(1), &cast, &json!({"containers": [row]})).len()
    }

    #[test]
    fn the_same_devices_or_none() {
        let right = json!({"culprit": {"mtu": 1500}, "bottleneck": {"mtu": 1400}});
        let other = json!({"culprit": {"mtu": 1500}, "bottleneck": {"mtu": 1300}});
        let fault = format!("{CASE}{EXPECT}");
        assert_eq!([&right, &other, &Value::Null].map(|one| said(&fault, one)), [0, 1, 1]);
        assert_eq!([&right, &Value::Null].map(|one| said(CASE, one)), [1, 0]);
        assert_eq!(said(&format!("{CASE}map = \"unmodelled: marks\""), &right), 0);
    }
}
