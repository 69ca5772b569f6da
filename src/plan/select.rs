//! Which of the planned checks are wanted: nodes, components and patterns of ids.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use regex::Regex;

use crate::check::CheckId;
use crate::value::did_you_mean;

/// A pattern of ids: `infra-1/grafana/*`; `*` stands for any text within a part, missing parts for all.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// What the user asked for; empty lists ask for everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Nodes, by name or address.
    pub limit: Vec<String>,
    /// Components.
    pub components: Vec<String>,
    /// Patterns of ids to keep.
    pub only: Vec<Pattern>,
    /// Patterns of ids to leave out.
    pub skip: Vec<Pattern>,
    /// Whether canaries are wanted, which write.
    pub canary: bool,
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split('/').collect();
        if parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
            return Err(format!("`{text}` is no pattern of checks: write node/component/check, with * for any text"));
        }
        let mut regex =
            parts.iter().map(|part| regex::escape(part).replace("\\*", "[^/]*")).collect::<Vec<_>>().join("/");
        // `record` means `record[i.pigsty]` too, and a pattern without a check means all of them.
        regex.push_str(if parts.len() == 3 { "(\\[.*\\])?" } else { "/.*" });
        let regex = Regex::new(&format!("^{regex}$")).map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), regex })
    }
}

impl Pattern {
    /// Whether an id is meant.
    pub fn matches(&self, id: &CheckId) -> bool {
        self.regex.is_match(&id.to_string())
    }
}

impl Selection {
    /// Whether a check is wanted.
    pub(super) fn matches(&self, id: &CheckId, nodes: &[(String, String)]) -> bool {
        let ip = nodes.iter().find(|(name, _)| **name == *id.node).map(|(_, ip)| ip);
        let node = |wanted: &String| **wanted == *id.node || Some(wanted) == ip;
        (self.limit.is_empty() || self.limit.iter().any(node))
            && (self.components.is_empty() || self.components.iter().any(|wanted| **wanted == *id.component))
            && (self.only.is_empty() || self.only.iter().any(|pattern| pattern.matches(id)))
            && !self.leaves_out(id)
    }

    /// Whether a check is to be left out, whatever else asks for it.
    pub(super) fn leaves_out(&self, id: &CheckId) -> bool {
        self.skip.iter().any(|pattern| pattern.matches(id))
    }

    /// A node or component that does not exist is a mistake, even where another one does.
    pub(super) fn names_exist(
        &self,
        nodes: &[(String, String)],
        components: &BTreeSet<Arc<str>>,
    ) -> Result<(), String> {
        for wanted in &self.limit {
            if !nodes.iter().any(|(name, ip)| name == wanted || ip == wanted) {
                let hint = did_you_mean(wanted, nodes.iter().flat_map(|(name, ip)| [name.as_str(), ip.as_str()]));
                return Err(format!("there is no INFRA node `{wanted}`{hint}"));
            }
        }
        for wanted in &self.components {
            if !components.contains(wanted.as_str()) {
                let hint = did_you_mean(wanted, components.iter().map(|name| &**name));
                return Err(format!("there is no component `{wanted}`{hint}"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = |all: &[Pattern]| all.iter().map(|pattern| pattern.text.clone()).collect::<Vec<_>>().join(" ");
        let parts = [
            ("--limit", self.limit.join(",")),
            ("--component", self.components.join(",")),
            ("--only", patterns(&self.only)),
            ("--skip", patterns(&self.skip)),
        ];
        let parts: Vec<_> =
            parts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}")).collect();
        f.write_str(&parts.join(" "))
    }
}
