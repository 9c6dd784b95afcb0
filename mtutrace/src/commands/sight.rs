//! Whether the node's containers can be seen at all: without the host's pids, a sick node looks like an empty one.
use crate::commands::outcome::Failure;
use crate::discovery::visibility::Visibility;
use crate::output::stderr;

/// Says so if only a part of the node is seen.
///
/// # Errors
/// When none of it is: what is missing, and what to do.
pub(super) fn check(visibility: Visibility) -> Result<(), Failure> {
    let advice = visibility.advice().unwrap_or_default();
    match visibility {
        Visibility::Node => {}
        Visibility::Part(inode) => stderr::note(&format!(
            "mtutrace sees only the processes of pid namespace {inode}, and the containers in it; to see all of the node, {advice}"
        )),
        Visibility::Blind => return Err(Failure::Machine(refusal(visibility))),
    }
    Ok(())
}

/// Why nothing can be said of the node.
pub(super) fn refusal(visibility: Visibility) -> String {
    format!(
        "cannot see the processes of this node, by which its containers are known: mtutrace runs in a pid namespace of its own; \
         {}",
        visibility.advice().unwrap_or_default()
    )
}
