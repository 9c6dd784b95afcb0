//! The examples of the documents: lines of real runs, made short and laid out to be read.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Items of a list that are shown.
const ITEMS: usize = 3;
/// Objects whose keys are what was counted: another run has others.
const COUNTED: [&str; 7] = ["counters", "delta", "causes", "facts", "records", "left_out", "unexplained"];

/// Shortens every list but those whose order is a story.
pub fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(ITEMS);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => {
            let lists =
                fields.iter_mut().filter(|(name, _)| !["path", "hops", "evidence"].contains(&name.as_str()));
            lists.for_each(|(_, field)| shorten(field));
        }
        _ => {}
    }
}

/// One field a line, in this order; of a list of objects one object a line.
pub fn lay_out(line: &Map<String, Value>, order: &[&str]) -> String {
    let known = order.iter().filter_map(|name| line.get_key_value(*name));
    let others = line.iter().filter(|(name, _)| !order.contains(&name.as_str()));
    let fields: Vec<String> = known
        .chain(others)
        .map(|(name, value)| match value {
            Value::Array(items)
                if items.iter().all(|item| item.is_object() || item.is_string()) && items.len() > 1 =>
            {
                let items: Vec<String> = items.iter().map(|item| format!("    {}", compact(item))).collect();
                format!("\"{name}\": [\n{}]", items.join(",\n"))
            }
            value => format!("\"{name}\": {}", compact(value)),
        })
        .collect();
    format!("{{ {} }}\n", fields.join(",\n  "))
}

/// `{"a": 1, "b": [2, 3]}`
fn compact(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("\"{name}\": {}", compact(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        plain => plain.to_string(),
    }
}

/// The names of all fields, with those that they are in.
pub fn shape(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk(value, "", &mut names);
    names
}

fn walk(value: &Value, at: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = format!("{at}.{name}");
                if !COUNTED.contains(&name.as_str()) {
                    walk(field, &path, names);
                }
                names.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, at, names)),
        _ => {}
    }
}

/// What a text says, whatever the ids, times and numbers of its run were.
pub fn wording(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace().map(|word| {
            if word.chars().any(|c| c.is_ascii_digit()) { "#".to_owned() } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    });
    // Evidence differs from run to run.
    lines.filter(|line| !line.is_empty()).collect()
}

/// What stands between the fences below `<!-- example: NAME -->`.
pub fn block<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<!-- example: {name} -->\n```"))?;
    let (_, rest) = rest.split_once('\n')?;
    Some(rest.split_once("```")?.0)
}

/// The document with that block replaced.
pub fn replace(text: &str, name: &str, by: &str) -> Option<String> {
    let old = block(text, name)?;
    let start = old.as_ptr() as usize - text.as_ptr() as usize;
    Some(format!("{}{by}{}", &text[..start], &text[start + old.len()..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_laid_out_and_means_the_same() {
        let mut line = json!({"b": {"x": [1, 2, 3, 4]}, "a": [{"k": "v"}, {"k": "w"}], "path": [1, 2, 3, 4]});
        shorten(&mut line);
        let text = lay_out(line.as_object().unwrap(), &["b"]);
        assert!(text.starts_with("{ \"b\": {\"x\": [1, 2, 3]},\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), line);
        assert_eq!(line["path"], json!([1, 2, 3, 4]));
    }

    #[test]
    fn the_shape_is_of_names() {
        let names = |value: Value| shape(&value).into_iter().collect::<Vec<_>>();
        assert_eq!(names(json!({"a": [{"b": 1}], "counters": {"drop": 1}})), [".a", ".a.b", ".counters"]);
    }

    #[test]
    fn a_block_is_found_and_replaced() {
        let text = "x\n<!-- example: a -->\n```json\nold\n```\ny\n";
        assert_eq!(block(text, "a"), Some("old\n"));
        assert_eq!(replace(text, "a", "new\n").unwrap(), text.replace("old", "new"));
        assert_eq!(block(text, "b"), None);
        assert_eq!(wording("at 10:00 drop 12\n\n"), ["at # drop #"]);
    }
}
