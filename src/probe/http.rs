//! The http probe.

use std::time::Duration;

use super::{Facts, Kind, ProbeError};

pub(super) const KIND: Kind = Kind { name: "http", fields: &[], facts: &[], default: &[] };

/// A http question.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {}

impl Http {
    pub(super) fn asked(&self) -> String {
        String::new()
    }

    pub(super) async fn measure(&self, _timeout: Duration) -> Result<Facts, ProbeError> {
        Ok(Facts::default())
    }
}

impl Http {
    pub(super) fn new(self_: Self) -> Result<Self, String> {
        Ok(self_)
    }
}
