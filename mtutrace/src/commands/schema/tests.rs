//! What the schemas promise, beyond what a validator can tell of real lines.
use super::*;
use crate::model::SignalKind;

/// Calls `look` for every schema inside.
fn walk(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|field| walk(field, look)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, look)),
        _ => {}
    }
}

#[test]
fn nothing_is_null_and_every_reference_leads_somewhere() {
    for schema in LineKind::value_variants().iter().map(|kind| of(*kind)).chain([any()]) {
        walk(&schema, &mut |value| {
            assert!(*value != json!("null"), "null in {schema:#}");
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
            }
        });
    }
}

#[test]
fn one_name_is_one_type() {
    let mut all = Map::new();
    for schema in LineKind::value_variants().iter().map(|kind| of(*kind)) {
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            let before = all.insert(name.clone(), definition.clone());
            assert!(before.as_ref().is_none_or(|before| before == definition), "two kinds differ in {name}");
        }
    }
}

#[test]
fn kinds_are_told_apart_and_words_are_listed() {
    let event = of(LineKind::Event);
    assert_eq!(event["properties"]["kind"], json!({ "const": "event" }));
    assert!(event["required"].as_array().unwrap().contains(&json!("hook")), "{event:#}");
    assert!(!event["required"].as_array().unwrap().contains(&json!("mtu")), "what is unknown is absent");
    let text = event.to_string();
    for signal in SignalKind::ALL {
        assert!(text.contains(signal.name()), "{}", signal.name());
    }
    let report = of(LineKind::Report);
    let counters = &report["properties"]["counters"];
    assert_eq!(counters["propertyNames"]["$ref"], "#/$defs/SignalKind", "{counters:#}");
    assert_eq!(any()["oneOf"].as_array().unwrap().len(), LineKind::value_variants().len());
}
