//! `mtutrace schema`: the JSON Schema of each kind of line, made from the types that are written.
use std::io::{self, Write};

use clap::ValueEnum;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::{bench, doctor, map};
use crate::output::json::{EventLine, Line, ReportLine, StatusLine, VerdictLine};

/// Kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LineKind {
    /// run: what is traced; the last line has the totals.
    Status,
    /// run: what happened to one packet.
    Event,
    /// run: counters of one container.
    Report,
    /// run: what is wrong, and the fix.
    Verdict,
    /// map: the egress path of each container.
    Map,
    /// doctor: what can be traced on this kernel.
    Doctor,
    /// bench: what tracing costs on this kernel.
    Bench,
}

impl LineKind {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Prints the schema.
///
/// # Errors
/// When writing fails.
pub(crate) fn schema(kind: Option<LineKind>) -> Result<Outcome, Failure> {
    let schema = kind.map_or_else(any, of);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, &schema).map_err(io::Error::from);
    match written.and_then(|()| writeln!(out)).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(e)),
        _ => Ok(Outcome::Nothing),
    }
}

/// The schema of one kind.
pub(crate) fn of(kind: LineKind) -> Value {
    let mut schema = match kind {
        LineKind::Status => root::<Line<StatusLine<'static>>>(),
        LineKind::Event => root::<Line<EventLine<'static>>>(),
        LineKind::Report => root::<Line<ReportLine<'static>>>(),
        LineKind::Verdict => root::<Line<VerdictLine<'static>>>(),
        LineKind::Map => root::<map::json::MapLine<'static>>(),
        LineKind::Doctor => root::<doctor::DoctorLine>(),
        LineKind::Bench => root::<bench::BenchLine<'static>>(),
    };
    let name = kind.name();
    schema.insert("title".to_owned(), name.clone().into());
    let mut schema = schema.to_value();
    if let Some(properties) = schema.pointer_mut("/properties").and_then(Value::as_object_mut) {
        properties.insert("v".to_owned(), json!({ "const": 1 }));
        properties.insert("kind".to_owned(), json!({ "const": name }));
    }
    schema
}

/// The schema of a line of any kind.
pub(crate) fn any() -> Value {
    let mut definitions = Map::new();
    let kinds = LineKind::value_variants().iter().map(|kind| {
        let mut schema = of(*kind);
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
            if let Some(Value::Object(own)) = schema.remove("$defs") {
                definitions.extend(own);
            }
        }
        schema
    });
    let kinds: Vec<Value> = kinds.collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of mtutrace -o json",
        "oneOf": kinds,
        "$defs": definitions,
    })
}

/// As it is written.
fn root<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.with_transform(RecursiveTransform(never_null)).into_generator().into_root_schema_for::<T>()
}

/// What is unknown is absent, and never null.
fn never_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&json!("null")));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            only.into_iter().for_each(|(key, value)| drop(schema.insert(key, value)));
        }
    }
}

#[cfg(test)]
mod tests;
