//! What test programs say, here and in guests, as results.

pub(crate) mod in_guests;
pub(crate) mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::seen::Seen;

/// How lines of whoever runs the test programs begin, against their own.
pub(crate) const MARK: &str = "@@ ";

/// So many failures may be bad luck on a machine that others share; more of them are none.
const AGAIN: usize = 3;

/// A test that takes longer is not run once more in a guest: libtest tells of tests that take so long.
const LONG: Duration = Duration::from_secs(60);

/// The names of a program's tests among `tests`, which are named `program::test`.
pub(crate) fn of_program<'a>(program: &str, tests: &'a [String]) -> Vec<&'a str> {
    tests.iter().filter_map(|test| test.strip_prefix(program)?.strip_prefix("::")).collect()
}

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
    /// What was seen of each cause.
    pub(crate) causes: BTreeMap<String, Seen>,
    /// Tests that failed beside others and passed alone.
    pub(crate) unsteady: Vec<String>,
    /// Failures that belong to no test: a program that died, a guest that never came to its end.
    pub(crate) broken: Vec<String>,
    /// Tests that could show nothing, by what this kernel lacks for them.
    pub(crate) lacking: BTreeMap<String, String>,
    /// What was to be run, where that is known before.
    pub(crate) wanted: BTreeSet<String>,
    /// From the boot, or the first program, to the end.
    pub(crate) took: Duration,
    program: String,
    running: Option<String>,
    slow: BTreeSet<String>,
    settled: Option<Instant>,
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
        let slow = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" has been running for over 60 seconds"));
        self.slow.extend(slow.map(|name| format!("{}::{name}", self.program)));
        let noise = line.is_empty() || line.starts_with("running ") || line.starts_with("test result:");
        (!noise).then(|| format!("    {line}"))
    }

    fn settle(&mut self, name: &str, result: &str) -> Option<String> {
        let state = [State::Ok, State::Failed, State::Ignored]
            .into_iter()
            .find(|state| result == state.word() || result.starts_with(&format!("{}, ", state.word())))?;
        self.running = None;
        // Of tests one at a time libtest says nothing before their end.
        if self.settled.replace(Instant::now()).is_some_and(|last| last.elapsed() > LONG) {
            self.slow.insert(name.to_owned());
        }
        self.tests.insert(name.to_owned(), state);
        Some(format!("test {name} ... {}", state.word()))
    }

    /// Takes a line of the file that `MTUTRACE_CAUSES` names.
    pub(crate) fn cause(&mut self, line: &str) {
        if let Some((test, what)) = seen::lacking(line) {
            drop(self.lacking.insert(test, what));
            return;
        }
        match seen::parse(line) {
            None => self.broken.push(format!("not a line about a cause: {line:?}")),
            Some((name, seen)) => self.saw(name, seen),
        }
    }

    fn saw(&mut self, name: String, seen: Seen) {
        match self.causes.get_mut(&name) {
            Some(known) => known.merge(seen),
            None => drop(self.causes.insert(name, seen)),
        }
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
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    fn mark(&mut self, words: &str) -> Option<String> {
        if let Some(json) = words.strip_prefix("status ") {
            return self.status(json);
        }
        if [seen::MARK, seen::LACKS].iter().any(|mark| words.starts_with(mark)) {
            self.cause(words);
            return Some(words.to_owned());
        }
        let mut words = words.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("program"), Some(name), _) => {
                name.clone_into(&mut self.program);
                self.settled = Some(Instant::now());
            }
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
        let missed = self.wanted.iter().filter(|name| !self.tests.contains_key(*name));
        let missed = missed.map(String::as_str).collect::<Vec<_>>();
        if !missed.is_empty() {
            self.broken.push(format!("{} tests were not run: {}", missed.len(), missed.join(", ")));
        }
    }

    /// Whether one that failed takes too long to be run once more in a guest.
    pub(crate) fn is_long(&self) -> bool {
        self.failed().any(|name| self.slow.contains(name))
    }

    /// The tests that failed, if they are so few that it may be bad luck: to be run once more, alone.
    pub(crate) fn doubtful(&self) -> Option<Vec<String>> {
        let failed = self.failed().map(str::to_owned).collect::<Vec<_>>();
        (self.broken.is_empty() && (1..=AGAIN).contains(&failed.len())).then_some(failed)
    }

    /// Takes what came of running again what had failed.
    pub(crate) fn again(&mut self, second: Results) {
        self.took += second.took;
        for (name, state) in second.tests {
            if self.tests.get(&name) == Some(&State::Failed) && state == State::Ok {
                self.tests.insert(name.clone(), state);
                self.unsteady.push(name);
            }
        }
        self.lacking.extend(second.lacking);
        for (name, seen) in second.causes {
            self.saw(name, seen);
        }
        self.broken.extend(second.broken);
    }

    /// Whether everything that ran passed.
    pub(crate) fn good(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Failed tests, and failures that belong to no test.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &str> {
        let tests = self.tests.iter().filter(|(_, state)| **state == State::Failed);
        tests.map(|(name, _)| name.as_str()).chain(self.broken.iter().map(String::as_str))
    }

    /// How many tests ended so.
    pub(crate) fn count(&self, state: State) -> usize {
        self.tests.values().filter(|one| **one == state).count()
    }
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
    fn names_states_and_hooks() {
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
        assert_eq!(results.hooks["tc"], "missing: no");
    }

    #[test]
    fn a_second_run_takes_back_failures_and_no_more() {
        let mut first = feed("@@ program a\ntest x ... FAILED\ntest y ... FAILED\n@@ code 101\n@@ finished");
        first.end(None);
        assert_eq!(first.doubtful().unwrap(), ["a::x", "a::y"]);
        assert_eq!(of_program("a", &first.doubtful().unwrap()), ["x", "y"]);
        let mut second = feed("@@ program a\ntest x ... ok\ntest y ... FAILED\n@@ code 101\n@@ finished");
        second.end(None);
        first.again(second);
        assert_eq!(
            (first.unsteady.clone(), first.failed().collect()),
            (vec!["a::x".to_owned()], vec!["a::y"])
        );
        let mut dead = Results::default();
        dead.end(Some("panicked".to_owned()));
        first.again(dead);
        assert_eq!(first.failed().collect::<Vec<_>>(), ["a::y", "panicked"]);
        assert_eq!(first.doubtful(), None, "that is no bad luck");
    }

    #[test]
    fn what_never_came_and_what_takes_long_are_named() {
        let lines = "@@ program a\ntest x ... ok\ntest y has been running for over 60 seconds\n";
        let mut hung = feed(lines);
        hung.wanted = ["a::x", "a::y", "b::z"].map(str::to_owned).into();
        hung.end(Some("not done".to_owned()));
        assert_eq!(hung.broken, ["not done", "2 tests were not run: a::y, b::z"]);
        let long = feed(&(lines.to_owned() + "test y ... FAILED\n@@ code 101\n@@ finished"));
        assert!(long.is_long() && long.doubtful().is_some());
        assert!(!feed("@@ program a\ntest x ... FAILED").is_long());
    }

    #[test]
    fn causes_behind_the_mark() {
        let mut results =
            feed("@@ program causes\ntest a ... ok\n@@ @cause a\ttc:ingress\n@@ code 0\n@@ finished");
        results.end(None);
        assert!(results.good() && results.causes.contains_key("a"), "{:?}", results.broken);
        let lacking = feed("@@ @lacks causes::a\tTCX");
        assert_eq!(lacking.lacking["causes::a"], "TCX");
        let bad = feed("@@ @cause a");
        assert_eq!(bad.broken.len(), 1);
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
