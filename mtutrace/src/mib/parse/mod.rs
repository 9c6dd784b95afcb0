//! The text of /proc/net/snmp, snmp6 and dev becomes counters: a text that is not understood is an error, never a
//! wrong number.
use crate::model::DeviceCounters;
use crate::model::SnmpCounters;
use std::collections::{BTreeMap, BTreeSet};

/// Why a text was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// No pair of `Ip:` lines, names above values, of the same length.
    #[error("/proc/net/snmp has no Ip table")]
    NoTable,
    /// No columns of errors and drops, or another number of values below them.
    #[error("/proc/net/dev has no device table")]
    NoDevices,
    /// A counter that is no number; its name.
    #[error("{0} is not a number")]
    NotANumber(String),
}

/// Reads /proc/net/snmp (`snmp_seq_show`): a line of names and a line of values a protocol. Later kernels have more
/// columns, so a column is found by its name.
///
/// # Errors
/// When the table of `Ip` is not there, or not one.
pub(crate) fn snmp(text: &str, counters: &mut SnmpCounters) -> Result<(), ParseError> {
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
pub(crate) fn snmp6(text: &str, counters: &mut SnmpCounters) -> Result<(), ParseError> {
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

/// Reads /proc/net/dev (`dev_seq_show`): two lines of names, received and transmitted apart, and a line of values a
/// device. A name that comes twice, because it is not UTF-8 and was made so, names no device.
///
/// # Errors
/// When the table is not one.
pub(crate) fn dev(text: &str) -> Result<BTreeMap<&str, DeviceCounters>, ParseError> {
    let mut lines = text.lines().skip(1);
    let mut names = lines.next().ok_or(ParseError::NoDevices)?.split('|').skip(1);
    let mut columns = || Some(names.next()?.split_ascii_whitespace().collect::<Vec<_>>());
    let (Some(received), Some(sent)) = (columns(), columns()) else { return Err(ParseError::NoDevices) };
    let find = |names: &[&str], name| names.iter().position(|n| *n == name).ok_or(ParseError::NoDevices);
    let places = [
        find(&received, "errs")?,
        find(&received, "drop")?,
        received.len() + find(&sent, "errs")?,
        received.len() + find(&sent, "drop")?,
    ];
    let (mut devices, mut twice) = (BTreeMap::new(), BTreeSet::new());
    for line in lines {
        // Padded with blanks. Names have neither those nor colons, but maybe any other sign (`dev_valid_name`).
        let (name, values) = line.rsplit_once(':').ok_or(ParseError::NoDevices)?;
        let name = name.trim_start_matches(' ');
        let values: Vec<&str> = values.split_ascii_whitespace().collect();
        if values.len() != received.len() + sent.len() {
            return Err(ParseError::NoDevices);
        }
        let mut counters = DeviceCounters::default();
        for (slot, place) in counters.0.iter_mut().zip(places) {
            let value = values.get(place).and_then(|value| value.parse().ok());
            *slot = value.ok_or_else(|| ParseError::NotANumber(name.to_owned()))?;
        }
        if devices.insert(name, counters).is_some() {
            twice.insert(name);
        }
    }
    devices.retain(|name, _| !twice.contains(name));
    Ok(devices)
}

fn set(counters: &mut SnmpCounters, name: &str, value: &str) -> Result<(), ParseError> {
    if let Some(slot) = counters.slot(name) {
        *slot = value.parse().map_err(|_| ParseError::NotANumber(name.to_owned()))?;
    }
    Ok(())
}

/// Takes a text for each of the files in turn (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_any(text: &str) {
    let _refused = (snmp(text, &mut SnmpCounters::default()), snmp6(text, &mut SnmpCounters::default()));
    if let Ok(devices) = dev(text) {
        assert!(devices.keys().all(|name| !name.contains('\n')));
    }
}

#[cfg(test)]
mod tests;
