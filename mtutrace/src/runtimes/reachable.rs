//! Which runtimes of the host answer, for `mtutrace doctor`.
use std::sync::Arc;

use super::metadata::Metadata;
use super::poller::{query_socket, runtime, search};
use super::socket::{SocketRoot, host_root};

/// The sockets of the host's runtimes, by path: those that answer, and those that don't, with the reason.
#[derive(Debug, Default)]
pub(crate) struct ReachableRuntimes {
    pub(crate) reachable: Vec<String>,
    pub(crate) unreachable: Vec<(String, String)>,
}

/// Asks each for nothing in particular; takes no longer than some seconds.
pub(crate) fn reachable_runtimes() -> ReachableRuntimes {
    let Ok(runtime) = runtime() else { return ReachableRuntimes::default() };
    let found = runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for socket in search(SocketRoot::Host(host_root())).await.unwrap_or_default().sockets {
            tasks.spawn(async move {
                let socket = Arc::new(socket);
                // No container has this id.
                let answer = query_socket(&socket, &["0".repeat(64)]).await;
                (format!("/{}", socket.path), answer.map(|_: Vec<Metadata>| ()))
            });
        }
        tasks.join_all().await
    });
    runtime.shutdown_background();
    let mut runtimes = ReachableRuntimes::default();
    for (path, answer) in found {
        match answer {
            Ok(()) => runtimes.reachable.push(path),
            Err(why) => runtimes.unreachable.push((path, why)),
        }
    }
    runtimes.reachable.sort_unstable();
    runtimes.unreachable.sort_unstable();
    runtimes
}
