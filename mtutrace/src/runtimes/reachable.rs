//! Which runtimes of the host answer, for `mtutrace doctor`.
use std::sync::Arc;

use super::metadata::Metadata;
use super::poller::{ask_socket, runtime, search};
use super::socket::{Place, host_root};

/// The sockets of the host's runtimes, by path: those that answer, and those that don't, with the reason.
#[derive(Debug, Default)]
pub(crate) struct Runtimes {
    pub(crate) answer: Vec<String>,
    pub(crate) silent: Vec<(String, String)>,
}

/// Asks each for nothing in particular; takes no longer than some seconds.
pub(crate) fn runtimes() -> Runtimes {
    let Ok(runtime) = runtime() else { return Runtimes::default() };
    let found = runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for socket in search(Place::Host(host_root())).await.unwrap_or_default() {
            tasks.spawn(async move {
                let socket = Arc::new(socket);
                // No container has this id.
                let answer = ask_socket(&socket, &["0".repeat(64)]).await;
                (format!("/{}", socket.path), answer.map(|_: Vec<Metadata>| ()))
            });
        }
        tasks.join_all().await
    });
    runtime.shutdown_background();
    let mut runtimes = Runtimes::default();
    for (path, answer) in found {
        match answer {
            Ok(()) => runtimes.answer.push(path),
            Err(why) => runtimes.silent.push((path, why)),
        }
    }
    runtimes.answer.sort_unstable();
    runtimes.silent.sort_unstable();
    runtimes
}
