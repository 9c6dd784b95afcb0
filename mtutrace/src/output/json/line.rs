//! JSON of which nothing acts on whoever prints it: control characters and those that change the direction of text are
//! written as `\uXXXX`, so that a parser gives back the very same names.
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::model::harmless::is_dangerous;

/// Writes one value, without a line's end.
///
/// # Errors
/// When writing fails.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Harmless)).map_err(io::Error::from)
}

struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_dangerous) {
            let (plain, from) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            let mut chars = from.chars();
            for unit in chars.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_do_nothing_on_the_way() {
        let all = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| is_dangerous(*c));
        let name: String = all.chain("a\"\\é世😀\u{7f}".chars()).collect();
        let mut line = Vec::new();
        write(&mut line, &[&name]).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert!(!line.contains(is_dangerous), "{line:?}");
        assert!(line.contains("\\u009b") && line.contains("\\u202e") && line.contains("\\udb40\\udc41"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&line).unwrap(), [name]);
    }
}
