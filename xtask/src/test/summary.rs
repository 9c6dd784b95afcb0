//! The end of a run: tables, and lines as those of cargo test.

use crate::results::{Results, State};
use crate::tables::{self, Column, causes};

/// The tables, then lines as cargo test ends with; how many failures there are.
pub(super) fn close(units: Option<&Results>, columns: &[Column], broken: Vec<String>) -> usize {
    if columns.iter().any(|column| !column.results.causes.is_empty()) {
        println!("\n{}", causes::table(columns));
    }
    if columns.iter().all(|column| column.results.good()) {
        println!("\nno scenario failed; kernels: {}", columns.len());
    } else {
        println!("\n{}", tables::tests(columns));
    }
    let units = units.map(|results| ("unit tests", results));
    let all = units.into_iter().chain(columns.iter().map(|column| (column.title.as_str(), &column.results)));
    let (mut passed, mut failures, mut unsteady) = (0, broken, Vec::new());
    for (title, results) in all {
        println!("     {title}\n{}", line(results));
        passed += results.count(State::Ok);
        failures.extend(results.failed().map(|what| format!("{title}: {what}")));
        unsteady.extend(results.unsteady.iter().map(|what| format!("{title}: {what}")));
    }
    failures.extend(columns.iter().filter_map(|column| silent(columns, column)));
    if !unsteady.is_empty() {
        println!(
            "\nfailed beside others, passed alone (look at what it printed):\n    {}",
            unsteady.join("\n    ")
        );
    }
    if !failures.is_empty() {
        println!("\nfailures:\n    {}", failures.join("\n    "));
    }
    println!("\n{passed} passed, {} failed", failures.len());
    failures.len()
}

/// That a kernel said nothing of causes that others reported.
fn silent(columns: &[Column], column: &Column) -> Option<String> {
    let causes = causes::not_run(columns, &column.results);
    let names = causes.iter().map(|name| name.as_str()).collect::<Vec<_>>();
    (!names.is_empty()).then(|| format!("{}: nothing was reported of {}", column.title, names.join(", ")))
}

/// As libtest ends.
fn line(results: &Results) -> String {
    format!(
        "test result: {}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        if results.good() { "ok" } else { "FAILED" },
        results.count(State::Ok),
        results.failed().count(),
        results.count(State::Ignored),
        results.took.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_and_silent_kernels() {
        let mut one = Results::default();
        for text in [
            "@@ program a",
            "test x ... ok",
            "test y ... FAILED",
            "@@ code 101",
            "@@ @cause c\tt",
            "@@ finished",
        ] {
            one.line(text);
        }
        one.end(None);
        let mut dead = Results::default();
        dead.end(Some("panicked".to_owned()));
        assert_eq!(one.failed().collect::<Vec<_>>(), ["a::y"]);
        assert_eq!(dead.failed().collect::<Vec<_>>(), ["panicked"]);
        let expected = "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(line(&one), expected);
        let columns = [("6.1", one), ("5.10", dead)]
            .map(|(title, results)| Column { title: title.to_owned(), results });
        assert_eq!(silent(&columns, &columns[0]), None);
        assert_eq!(silent(&columns, &columns[1]).as_deref(), Some("5.10: nothing was reported of c"));
        assert_eq!(close(None, &columns, Vec::new()), 3);
    }
}
