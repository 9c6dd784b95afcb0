//! Labels: text from outside, made harmless and short. The encoder escapes what the formats demand.
use serde::Serialize;

use crate::model::{Bottleneck, Container, Verdict};
use crate::output::escape::escape;

/// Names and values. A label without a value is left out, which Prometheus takes for the same.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Bytes of a value.
const LONGEST: usize = 256;

/// A value: no control characters, no more than [`LONGEST`] bytes.
pub(super) fn value(text: &str) -> String {
    // Cut twice: first so that 10 kB are not escaped for nothing.
    cut(&escape(cut(text))).to_owned()
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// A container by its short id, its name (the short id again, where no runtime told one), and its pod.
///
/// `affected_*` are names that no scrape configuration gives to its target. Prometheus renames `container` and `pod` to
/// `exported_*` where it does, as the operator's PodMonitor; they stay for those who rely on them.
pub(super) fn container(container: Option<&Container>) -> Labels {
    let Some(container) = container else { return Labels::new() };
    let pod = container.pod.as_ref().or_else(|| container.parents.iter().find_map(|c| c.pod.as_ref()));
    let name = container.name.as_deref().unwrap_or(container.short_id());
    let pod_name = pod.and_then(|pod| pod.name.as_ref().or(pod.uid.as_ref()));
    let pod_name = pod_name.map(String::as_str);
    let namespace = pod.and_then(|pod| pod.namespace.as_deref());
    let texts = [
        ("container_id", Some(container.short_id())),
        ("affected_container", Some(name)),
        ("affected_namespace", namespace),
        ("affected_pod", pod_name),
        ("container", Some(name)),
        ("pod_namespace", namespace),
        ("pod", pod_name),
    ];
    texts.into_iter().filter_map(|(label, text)| Some((label, value(text?)))).collect()
}

/// Those that found no room.
pub(super) fn other() -> Labels {
    ["affected_container", "container"].map(|label| (label, "other".to_owned())).into()
}

/// What is wrong with whom, and the two devices.
pub(super) fn verdict(verdict: &Verdict) -> Labels {
    let mut labels = vec![("verdict", word(&verdict.kind)), ("severity", word(&verdict.severity))];
    labels.extend(container(verdict.container.as_ref()));
    if let Some(device) = &verdict.culprit {
        labels.extend([("culprit", value(&device.interface)), ("culprit_mtu", device.mtu.to_string())]);
    }
    if let Some(bottleneck) = &verdict.bottleneck {
        let name = match bottleneck {
            Bottleneck::Device(device) => value(&device.interface),
            Bottleneck::Router { address, .. } => address.to_string(),
        };
        labels.extend([("bottleneck", name), ("bottleneck_mtu", bottleneck.mtu().to_string())]);
    }
    labels
}

/// The word by which JSON names it.
pub(super) fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pod;

    /// What the Prometheus operator and common scrape configurations write onto a target.
    const OF_TARGETS: [&str; 8] =
        ["container", "endpoint", "instance", "job", "namespace", "node", "pod", "service"];

    #[test]
    fn whose_it_is_can_be_told_whatever_labels_the_target_has() {
        let text = |text: &str| Some(text.to_owned());
        let pod = Pod { namespace: text("ci"), name: text("build-0"), uid: None };
        let outer = Container { pod: Some(pod), ..Container::new("0d83cba9117f") };
        let inner = Container { name: text("build"), parents: vec![outer], ..Container::new("6acc2802f190") };
        let kept: Labels =
            container(Some(&inner)).into_iter().filter(|(label, _)| !OF_TARGETS.contains(label)).collect();
        for wanted in [
            ("container_id", "6acc2802f190"),
            ("affected_container", "build"),
            ("affected_namespace", "ci"),
            ("affected_pod", "build-0"),
        ] {
            assert!(
                kept.iter().any(|(label, value)| (*label, value.as_str()) == wanted),
                "{wanted:?}: {kept:?}"
            );
        }
        assert!(other().iter().any(|(label, _)| !OF_TARGETS.contains(label)));
    }
}
