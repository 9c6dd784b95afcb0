//! A real terminal: tmux on a socket of its own, with a shell in it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::name;
use super::netns::run;
use super::wait;

const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal of one size; the server ends with it, and so does what runs in it (SIGHUP).
#[derive(Debug)]
pub struct Tmux {
    socket: PathBuf,
}

impl Tmux {
    /// A shell in a terminal of so many columns and lines. Its prompt is `ready>`.
    pub fn start(columns: u16, lines: u16) -> Result<Self> {
        let terminal = Self { socket: std::env::temp_dir().join(format!("{}.tmux", name::prefix())) };
        let shell = "env PS1='ready> ' NO_COLOR= bash --norc --noprofile -i";
        let (columns, lines) = (columns.to_string(), lines.to_string());
        terminal.run(&["new-session", "-d", "-x", &columns, "-y", &lines, shell])?;
        terminal.run(&["set-option", "-g", "window-size", "manual"])?;
        Ok(terminal)
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("tmux");
        command.args(["-u", "-f", "/dev/null", "-S"]).arg(&self.socket).args(arguments);
        // The locale decides whether tmux takes a box for one column or for three bytes.
        run(command.env("LC_ALL", "C.UTF-8").env_remove("TMUX"), None)
    }

    /// Presses keys, by the names that tmux gives them.
    pub fn press(&self, keys: &[&str]) -> Result<()> {
        self.run(&[&["send-keys"], keys].concat()).map(drop)
    }

    /// Types a command and Enter, once the shell is ready for it.
    pub fn type_line(&self, line: &str) -> Result<()> {
        self.wait_for("the prompt", |screen| screen.trim_end().ends_with("ready>"))?;
        self.run(&["send-keys", "-l", line])?;
        self.press(&["Enter"])
    }

    /// What is on the screen.
    pub fn screen(&self) -> Result<String> {
        self.run(&["capture-pane", "-p"])
    }

    /// The same, with what sets colours and attributes, and with what has scrolled off.
    pub fn coloured(&self) -> Result<String> {
        self.run(&["capture-pane", "-p", "-e", "-S", "-"])
    }

    /// Whether a program has switched to the alternate screen.
    pub fn is_alternate(&self) -> Result<bool> {
        Ok(self.run(&["display-message", "-p", "#{alternate_on}"])?.trim() == "1")
    }

    /// Whether the cursor is shown.
    pub fn has_cursor(&self) -> Result<bool> {
        Ok(self.run(&["display-message", "-p", "#{cursor_flag}"])?.trim() == "1")
    }

    /// Another size.
    pub fn resize(&self, columns: u16, lines: u16) -> Result<()> {
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", &lines.to_string()]).map(drop)
    }

    /// Waits until the screen is as `wanted`, and returns it.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let mut last = String::new();
        let found = wait::until(what, PATIENCE, || {
            last = self.screen()?;
            Ok(wanted(&last).then(|| last.clone()))
        });
        found.with_context(|| format!("the screen was:\n{last}"))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _gone_already = self.run(&["kill-server"]);
        let _likewise = std::fs::remove_file(&self.socket);
    }
}
