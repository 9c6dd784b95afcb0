//! Options of the command line: `--name value`.

use std::io::{Error, ErrorKind, Result};

pub(crate) fn option(args: &[String], name: &str) -> Option<String> {
    let at = args.iter().position(|arg| arg == name)?;
    args.get(at + 1).cloned()
}

pub(crate) fn number<T: std::str::FromStr>(args: &[String], name: &str) -> Result<T> {
    let value = option(args, name).and_then(|text| text.parse().ok());
    value.ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("{name} wants a number")))
}
