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
    /// Anything else: exit code 3 too, there is nothing that the caller got wrong.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Failure {
    /// Its exit code.
    pub fn code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Machine(_) | Failure::Io(_) => ExitCode::from(3),
        }
    }
}

/// What a run that went well found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing wrong, or nobody asked by exit code: 0.
    Nothing,
    /// An MTU problem: 1.
    Problem,
}

impl Found {
    /// Its exit code.
    pub fn code(self) -> ExitCode {
        match self {
            Found::Nothing => ExitCode::SUCCESS,
            Found::Problem => ExitCode::from(1),
        }
    }
}
