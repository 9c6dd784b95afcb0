//! What somebody asked for.
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::expression::Expression;
use crate::model::NetnsId;

/// A Kubernetes pod as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PodName {
    /// Kubernetes namespace.
    pub(crate) namespace: String,
    /// Pod name.
    pub(crate) name: String,
}

impl FromStr for PodName {
    type Err = String;

    fn from_str(text: &str) -> Result<PodName, String> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(PodName { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("{text:?} is not a pod; write NAMESPACE/NAME, as in default/web-0")),
        }
    }
}

/// What concerns whom: an empty list lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    /// Containers by id prefix or name.
    pub(crate) containers: Vec<String>,
    /// Pods.
    pub(crate) pods: Vec<PodName>,
    /// Namespaces.
    pub(crate) netns: Vec<NetnsId>,
    /// Interface names.
    pub(crate) interfaces: Vec<String>,
    /// Networks of either end.
    pub(crate) hosts: Vec<IpNet>,
    /// Flows.
    pub(crate) expression: Option<Expression>,
}

impl Filter {
    /// Whether it lets everything through.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether flows are asked for, of which counters and verdicts know nothing.
    pub(crate) fn is_by_flow(&self) -> bool {
        !self.hosts.is_empty() || self.expression.is_some()
    }
}
