//! Whom a line is about, its id first: that is what one searches for. Safe to print.
use super::super::tree::Entry;
use crate::model::{Affected, Container, NetnsId, Pod, describe};
use crate::output::escape::escape;

/// The containers of an entry, or the name of its namespace.
pub(super) fn entry(entry: &Entry<'_>, host: NetnsId) -> String {
    if entry.netns == host {
        return "host".to_owned();
    }
    let Some((first, others)) = entry.containers.split_first() else {
        return escape(&describe::namespace(entry.netns, entry.known)).into_owned();
    };
    let names: Vec<String> =
        [container(first)].into_iter().chain(others.iter().map(|other| short(other))).collect();
    names.join(", ")
}

/// One whom a mismatch concerns.
pub(super) fn affected(one: &Affected) -> String {
    match &one.container {
        Some(known) => container(known),
        None => escape(&one.name).into_owned(),
    }
}

/// Id, name and pod, as far as they are known.
fn container(container: &Container) -> String {
    let text = short(container);
    match container.pod.as_ref() {
        Some(Pod { namespace: Some(namespace), name: Some(name), .. }) => {
            format!("{text} (pod {}/{})", escape(namespace), escape(name))
        }
        Some(Pod { uid: Some(uid), .. }) => format!("{text} (pod {})", escape(uid)),
        _ => text,
    }
}

fn short(container: &Container) -> String {
    let id = escape(container.short_id());
    match &container.name {
        Some(name) if name != container.short_id() => format!("{id} {}", escape(name)),
        _ => id.into_owned(),
    }
}

/// Name before id, for sentences: `ci-build-77 (3f2a77e0c4b1)`.
pub(super) fn brief(one: &Affected) -> String {
    let Some(container) = &one.container else { return escape(&one.name).into_owned() };
    let id = escape(container.short_id());
    match &container.name {
        Some(name) if name != container.short_id() => format!("{} ({id})", escape(name)),
        _ => id.into_owned(),
    }
}
