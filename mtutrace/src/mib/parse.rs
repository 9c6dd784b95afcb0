//! The text of /proc/net/snmp and /proc/net/snmp6 becomes counters: a text that is not understood is an error, never a
//! wrong number.
use super::Counters;

/// Why a text was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No pair of `Ip:` lines, names above values, of the same length.
    #[error("/proc/net/snmp has no table of Ip")]
    NoTable,
    /// A counter that is no number; its name.
    #[error("{0} is no number")]
    NotANumber(String),
}

/// Reads /proc/net/snmp (`snmp_seq_show`): a line of names and a line of values a protocol. Later kernels have more
/// columns, so a column is found by its name.
///
/// # Errors
/// When the table of `Ip` is not there, or not one.
pub fn snmp(text: &str, counters: &mut Counters) -> Result<(), ParseError> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Ip: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return Err(ParseError::NoTable) };
    let (names, values) = (names.split_ascii_whitespace(), values.split_ascii_whitespace());
    if names.clone().count() != values.clone().count() {
        return Err(ParseError::NoTable);
    }
    names.zip(values).try_for_each(|(name, value)| set(counters, &format!("Ip{name}"), value))
}

/// Reads /proc/net/snmp6 (`snmp6_seq_show`): a name and a value a line. It is empty without IPv6.
///
/// # Errors
/// When a value is no number.
pub fn snmp6(text: &str, counters: &mut Counters) -> Result<(), ParseError> {
    text.lines().try_for_each(|line| {
        let mut words = line.split_ascii_whitespace();
        // A name of /proc/net/snmp has no place in this file.
        match words.next() {
            Some(name) if name.starts_with("Ip6") || name.starts_with("Icmp6") => {
                set(counters, name, words.next().unwrap_or_default())
            }
            _ => Ok(()),
        }
    })
}

fn set(counters: &mut Counters, name: &str, value: &str) -> Result<(), ParseError> {
    if let Some(slot) = counters.slot(name) {
        *slot = value.parse().map_err(|_| ParseError::NotANumber(name.to_owned()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
