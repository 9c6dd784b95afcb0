//! Exit codes of the contract, and the errors that lead to them.
use std::process::ExitCode;

/// Why mtutrace could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line or an input file is wrong: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// This machine cannot be traced: exit code 3.
    #[error("{0}")]
    Machine(String),
    /// A signal ended the run, and nobody reads what it found: exit code 130, as if it had been killed by SIGINT.
    #[error("{0}")]
    Unread(String),
    /// What was found cannot be written: exit code 3.
    #[error("cannot write to stdout: {0}; make room there, or send it elsewhere")]
    Output(std::io::Error),
    /// Anything else: exit code 3 too, there is nothing that the caller got wrong.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<crate::filter::select::UnknownTarget> for Failure {
    fn from(unknown: crate::filter::select::UnknownTarget) -> Failure {
        Failure::Usage(unknown.to_string())
    }
}

impl From<crate::output::format::NoTerminal> for Failure {
    fn from(error: crate::output::format::NoTerminal) -> Failure {
        Failure::Usage(error.to_string())
    }
}

impl From<crate::metrics::ServeError> for Failure {
    fn from(error: crate::metrics::ServeError) -> Failure {
        match error {
            crate::metrics::ServeError::Io(error) => Failure::Io(error),
            listen => Failure::Usage(listen.to_string()),
        }
    }
}

impl From<crate::kernel::load::LoadError> for Failure {
    fn from(error: crate::kernel::load::LoadError) -> Failure {
        Failure::Machine(error.to_string())
    }
}

impl Failure {
    /// A BTF was named that cannot be read.
    pub(crate) fn btf(error: crate::kernel::btf::BtfError) -> Failure {
        Failure::Usage(format!("--kernel-btf: {error}; pass the BTF of this very kernel build"))
    }

    /// Its exit code.
    pub fn code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Unread(_) => ExitCode::from(130),
            Failure::Machine(_) | Failure::Output(_) | Failure::Io(_) => ExitCode::from(3),
        }
    }
}

/// What a run that went well found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing wrong, or nobody asked by exit code: 0.
    Nothing,
    /// An MTU problem: 1.
    Problem,
}

impl Outcome {
    /// Its exit code.
    pub fn code(self) -> ExitCode {
        match self {
            Outcome::Nothing => ExitCode::SUCCESS,
            Outcome::Problem => ExitCode::from(1),
        }
    }
}
