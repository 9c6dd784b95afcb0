//! What the guest says about its tests, as test results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How lines of the guest's own job begin, against those of the test programs.
pub(crate) const MARK: &str = "@@ ";

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It passed.
    Ok,
    /// It failed, or its program ended in the middle of it.
    Failed,
    /// It was not run.
    Ignored,
}

impl State {
    /// As libtest writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Ignored => "ignored",
        }
    }
}

/// All results of one kernel.
#[derive(Default)]
pub(crate) struct Results {
    /// By `program::test`.
    pub(crate) tests: BTreeMap<String, State>,
    /// How each hook turned out: `attached`, or why not.
    pub(crate) hooks: BTreeMap<String, String>,
    /// Failures that belong to no test: a program that died, a guest that never came to its end.
    pub(crate) broken: Vec<String>,
    program: String,
    running: Option<String>,
    finished: bool,
}

impl Results {
    /// Takes one line; gives back what is worth showing.
    pub(crate) fn line(&mut self, line: &str) -> Option<String> {
        if let Some(words) = line.strip_prefix(MARK) {
            return self.mark(words);
        }
        // libtest writes the name, runs the test, and then its result, which others may have written before.
        if let Some((name, result)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ...")) {
            let name = format!("{}::{name}", self.program);
            self.running = Some(name.clone());
            return self.settle(&name, result.trim());
        }
        if let Some(name) = self.running.clone()
            && self.settle(&name, line.trim()).is_some()
        {
            return Some(format!("test {name} ... {}", line.trim()));
        }
        let noise = line.is_empty() || line.starts_with("running ") || line.starts_with("test result:");
        (!noise).then(|| format!("    {line}"))
    }

    fn settle(&mut self, name: &str, result: &str) -> Option<String> {
        let state = [State::Ok, State::Failed, State::Ignored]
            .into_iter()
            .find(|state| result == state.word() || result.starts_with(&format!("{}, ", state.word())))?;
        self.running = None;
        self.tests.insert(name.to_owned(), state);
        Some(format!("test {name} ... {}", state.word()))
    }

    /// The first line of a short run of the tracer, which has a table of its hooks.
    fn status(&mut self, json: &str) -> Option<String> {
        let Ok(status) = serde_json::from_str::<serde_json::Value>(json) else {
            self.broken.push(format!("mtutrace says nothing of its hooks: {json}"));
            return None;
        };
        for hook in status["hooks"].as_array().into_iter().flatten() {
            let words = [&hook["state"], &hook["why"]].map(|word| word.as_str());
            let text = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
            self.hooks.insert(hook["hook"].as_str().unwrap_or_default().to_owned(), text);
        }
        let lines = self.hooks.iter().map(|(hook, text)| format!("hook {hook}: {text}"));
        Some(lines.collect::<Vec<_>>().join("\n          "))
    }

    fn mark(&mut self, words: &str) -> Option<String> {
        if let Some(json) = words.strip_prefix("status ") {
            return self.status(json);
        }
        let mut words = words.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("program"), Some(name), _) => name.clone_into(&mut self.program),
            (Some("code"), Some(code), _) => return self.end_program(code),
            (Some("finished"), ..) => self.finished = true,
            _ => {}
        }
        None
    }

    /// The program's exit code must agree with what it printed.
    fn end_program(&mut self, code: &str) -> Option<String> {
        let program = self.program.clone();
        if let Some(name) = self.running.take() {
            self.tests.insert(name.clone(), State::Failed);
            return Some(format!("test {name} ... FAILED (its program ended with {code} in the middle)"));
        }
        let here = format!("{program}::");
        let explained = self.tests.iter().any(|(name, s)| name.starts_with(&here) && *s == State::Failed);
        if code != "0" && !explained {
            self.broken.push(format!("{program} ended with {code}"));
        }
        None
    }

    /// No more lines will come; `error` is what the boot itself had to say.
    pub(crate) fn end(&mut self, error: Option<String>) {
        if let Some(name) = self.running.take() {
            self.tests.insert(name, State::Failed);
        }
        if error.is_none() && !self.finished {
            self.broken.push("the guest went off before its tests were done".to_owned());
        }
        self.broken.extend(error);
    }

    /// Whether everything that ran passed.
    pub(crate) fn good(&self) -> bool {
        self.broken.is_empty() && self.tests.values().all(|state| *state != State::Failed)
    }

    /// How many tests ended so.
    pub(crate) fn count(&self, state: State) -> usize {
        self.tests.values().filter(|one| **one == state).count()
    }
}

/// Hooks and tests × kernels, in Markdown; a test that a kernel never came to is shown as such.
pub(crate) fn table(all: &[(String, Results)]) -> String {
    let mut text = String::from("| test |");
    for (release, _) in all {
        let _never_fails = write!(text, " {release} |");
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(all.len()));
    let names = all.iter().flat_map(|(_, results)| results.tests.keys()).collect::<BTreeSet<_>>();
    for name in names {
        let _never_fails = write!(text, "\n| {name} |");
        for (_, results) in all {
            let word = results.tests.get(name).map_or("not run", |state| state.word());
            let _never_fails = write!(text, " {word} |");
        }
    }
    let hooks = all.iter().flat_map(|(_, results)| results.hooks.keys()).collect::<BTreeSet<_>>();
    for hook in hooks {
        let _never_fails = write!(text, "\n| hook {hook} |");
        for (_, results) in all {
            let _never_fails = write!(text, " {} |", results.hooks.get(hook).map_or("unknown", |text| text));
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(lines: &str) -> Results {
        let mut results = Results::default();
        for line in lines.lines() {
            results.line(line);
        }
        results
    }

    #[test]
    fn names_states_and_the_table() {
        let mut results = feed(
            "@@ status {\"hooks\":[{\"hook\":\"tc\",\"state\":\"missing\",\"why\":\"no\"}]}\n\
             @@ program lab\nrunning 3 tests\ntest one ... ok\ntest two ... ignored, needs more\n\
             test three ... lab: rmdir: no\nFAILED\nfailures:\n@@ code 101\n@@ finished",
        );
        results.end(None);
        assert_eq!(results.count(State::Ok), 1);
        assert_eq!(results.tests["lab::two"], State::Ignored);
        assert_eq!(results.tests["lab::three"], State::Failed);
        assert!(results.broken.is_empty() && !results.good());
        let table = table(&[("6.1".to_owned(), results), ("5.10".to_owned(), Results::default())]);
        assert!(table.contains("| lab::one | ok | not run |"), "{table}");
        assert!(table.contains("| hook tc | missing: no | unknown |"), "{table}");
    }

    #[test]
    fn ends_in_the_middle_are_failures() {
        let mut hung = feed("@@ program lab\ntest one ... ok\ntest two ... ");
        hung.end(Some("not done".to_owned()));
        assert_eq!(hung.tests["lab::two"], State::Failed);
        let mut killed = feed("@@ program lab\ntest one ... \n@@ code 137\n@@ finished");
        killed.end(None);
        assert_eq!(killed.tests["lab::one"], State::Failed);
        let mut dead = feed("@@ program lab\n@@ code 127\n@@ finished");
        dead.end(None);
        assert_eq!(dead.broken, ["lab ended with 127"]);
        let mut off = feed("@@ program lab\ntest one ... ok");
        off.end(None);
        assert!(!off.good());
    }
}
