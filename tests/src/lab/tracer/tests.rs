//! The harness itself, with little scripts in the place of mtutrace.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A script that gets the arguments of `mtutrace run`: `$3` is the ready file.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, body: &str) -> Self {
        let path = name::temporary(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    fn start(&self, lines_read: usize) -> Result<Tracer> {
        Tracer::launch_program(Command::new(&self.0), &["run"], lines_read)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn lines_before_and_after_ctrl_c_and_the_exit_code() {
    let script = Script::new(
        "end",
        r#"trap 'echo "{\"kind\":\"verdict\",\"n\":2}"; echo so long >&2; exit 1' INT
        echo '{"kind":"verdict","n":1}'; touch "$3"; while :; do sleep 0.05; done"#,
    );
    let mut tracer = script.start(usize::MAX).unwrap();
    let first = tracer.wait_for("a verdict", SOON, |line| line["kind"] == "verdict").unwrap();
    assert_eq!(first["n"], 1);
    let error = tracer.wait_for("a unicorn", Duration::from_millis(50), |_| false).unwrap_err().to_string();
    assert!(error.contains("unicorn") && error.contains(r#""n":1"#), "{error}");

    let end = tracer.interrupt().unwrap();
    assert_eq!((end.code, end.stderr.as_str()), (Some(1), "so long\n"));
    assert_eq!(end.of_kind("verdict").len(), 2);
    assert_eq!(end.last_of_kind("verdict"), [serde_json::json!({"kind": "verdict", "n": 2})]);
}

#[test]
fn a_tracer_that_refuses_is_an_error_with_its_words() {
    let script = Script::new("refuses", "echo not here >&2; exit 3");
    let error = format!("{:#}", script.start(usize::MAX).unwrap_err());
    assert!(error.contains("exit status: 3"), "{error}");
}

#[test]
fn a_reader_that_leaves_closes_the_pipe() {
    let script = Script::new("pipe", r#"touch "$3"; while echo line; do sleep 0.01; done"#);
    let mut tracer = script.start(1).unwrap();
    assert_eq!(tracer.next_line(SOON).as_deref(), Some("line"));
    let end = tracer.finish().unwrap();
    assert!(end.signal == Some(libc::SIGPIPE) || end.code.is_some(), "{end:?}");
    assert_eq!(end.lines, ["line"]);
}
