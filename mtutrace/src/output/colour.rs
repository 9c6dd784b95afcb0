//! Whether text has colours.
use std::env;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU8, Ordering};

use clap::ValueEnum;

/// When (`--color`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Also in a pipe or a file.
    Always,
    /// Not at all.
    Never,
}

static ASKED: AtomicU8 = AtomicU8::new(When::Auto as u8);

/// What the command line says.
pub(crate) fn set(when: When) {
    ASKED.store(when as u8, Ordering::Relaxed);
}

/// Whether stdout has colours, as the command line says or, if it does not, the environment (no-color.org,
/// bixense.com/clicolors) and the terminal.
pub(crate) fn wants_colour() -> bool {
    let asked = ASKED.load(Ordering::Relaxed);
    if asked != When::Auto as u8 {
        return asked == When::Always as u8;
    }
    let [no, force, some] = ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"]
        .map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    by_environment(no.as_deref(), force.as_deref(), some.as_deref()).unwrap_or(io::stdout().is_terminal())
}

/// Nothing where the environment does not say.
fn by_environment(no: Option<&str>, force: Option<&str>, some: Option<&str>) -> Option<bool> {
    match (no, force, some) {
        (Some(_), _, _) => Some(false),
        (_, Some(force), _) if force != "0" => Some(true),
        (_, _, Some("0")) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment() {
        assert_eq!(by_environment(None, None, None), None);
        assert_eq!(by_environment(Some("1"), Some("1"), None), Some(false));
        assert_eq!(by_environment(None, Some("1"), Some("0")), Some(true));
        assert_eq!(by_environment(None, Some("0"), Some("0")), Some(false));
        assert_eq!(by_environment(None, Some("0"), Some("1")), None);
    }
}
