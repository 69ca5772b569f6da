//! A finding as a compiler shows it: what is wrong, the line with the place underlined, and what to do.
//!
//! A line that may hold a secret is shown up to its value, and the place without the line where that hides it.

use std::ops::Range;
use std::sync::LazyLock;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use regex::Regex;

use crate::check::Severity;
use crate::inventory::Inventory;
use crate::lint::Finding;
use crate::pigsty::Unidentified;
use crate::value::{Place, Secrets};

/// What a finding's line is taken from, and what must not be shown of it.
pub(super) struct Excerpt<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) secrets: &'a Secrets,
}

impl Excerpt<'_> {
    /// The finding in several lines, with the colours of a terminal; `note` stands below what to do.
    pub(super) fn show(&self, finding: &Finding, note: Option<&str>) -> String {
        let level = match finding.severity {
            Severity::Fail => Level::ERROR,
            Severity::Warn => Level::WARNING,
        };
        let what = self.secrets.scrub(&finding.what);
        let group = level.primary_title(what);
        let group = match &finding.place {
            Some(place) => self.line(place, Group::with_title(group)),
            None => group.element(Origin::path(self.inventory.name().to_owned())),
        };
        let group = group.element(Level::HELP.message(self.secrets.scrub(&finding.help)));
        let note = note.map(|note| Level::NOTE.message(note.to_owned()));
        Renderer::styled().render(&[group.elements(note)]) + "\n"
    }

    /// A host without an identity, as the rule that finds it would be shown.
    pub(super) fn unidentified(&self, one: &Unidentified) -> String {
        let (what, help) = (one.what.clone(), one.help.to_owned());
        let finding = Finding {
            rule: "identity",
            severity: Severity::Fail,
            nodes: Vec::new(),
            place: one.place.clone(),
            what,
            help,
        };
        self.show(&finding, None)
    }

    /// The place, with its line where that may be shown.
    fn line<'g>(&self, place: &Place, group: Group<'g>) -> Group<'g> {
        let file = place.file.to_string();
        let origin = || {
            let origin = Origin::path(file.clone()).line(place.line);
            if place.column == 0 { origin } else { origin.char_column(place.column) }
        };
        let Some(line) = self.inventory.line(place) else { return group.element(origin()) };
        let shown = self.secrets.scrub(&masked(line));
        let span = span(line, place.column);
        let untouched = span.end > span.start && shown.get(..span.end) == line.get(..span.end);
        if !untouched {
            return group.element(origin());
        }
        let underlined = AnnotationKind::Primary.span(span);
        group.element(Snippet::source(shown).line_start(place.line).path(file).annotation(underlined))
    }
}

/// The line with everything behind the name of a secret taken out.
fn masked(line: &str) -> String {
    const SECRET: &str = r#"(?i)((?:pass|secret|token|key|cipher|pgurl|nginx_users)\w*["']?\s*[:=]\s*)\S.*$"#;
    static SHAPE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SECRET).ok());
    match &*SHAPE {
        Some(shape) => shape.replace(line, "${1}******").into_owned(),
        None => String::new(),
    }
}

/// The bytes of the key or the value that begins at a column, from 1.
fn span(line: &str, column: usize) -> Range<usize> {
    let Some(start) = line.char_indices().map(|(at, _)| at).nth(column.wrapping_sub(1)) else { return 0..0 };
    let rest = &line[start..];
    let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first));
    let end = match quote {
        Some(quote) => rest[1..].find(quote).map(|at| at + 2),
        None => ends(rest),
    };
    let length = rest[..end.unwrap_or(rest.len())].trim_end().len();
    start..start + length
}

/// Where a plain key or value ends: at a colon before a space, at a comma or a bracket, at a comment.
fn ends(rest: &str) -> Option<usize> {
    let is_end = |at: usize, character: char| match character {
        ',' | '}' | ']' => true,
        ':' => rest[at + 1..].chars().next().is_none_or(char::is_whitespace),
        '#' => rest[..at].ends_with(char::is_whitespace),
        _ => false,
    };
    rest.char_indices().find(|(at, character)| is_end(*at, *character)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_at_a_place_is_underlined_to_its_end() {
        for (line, column, word) in [
            ("  10.10.10.10: { infra_seq: 1 }", 18, "infra_seq"),
            ("  10.10.10.10: { infra_seq: 1 }", 3, "10.10.10.10"),
            ("  home    : { domain: i.pigsty }", 3, "home"),
            ("  - \"${admin_ip} i.pigsty\"   # the portal", 5, "\"${admin_ip} i.pigsty\""),
            ("  - pool pool.ntp.org iburst   # time", 5, "pool pool.ntp.org iburst"),
            ("größe: [ä, ö]", 9, "ä"),
            ("x: http://a:80", 4, "http://a:80"),
        ] {
            assert_eq!(&line[span(line, column)], word, "{line}");
        }
        assert_eq!((span("x: 1", 0), span("x: 1", 40)), (0..0, 0..0));
    }

    #[test]
    fn a_secret_is_not_shown_and_nothing_behind_it() {
        assert_eq!(masked("    grafana_admin_password: se, same"), "    grafana_admin_password: ******");
        assert_eq!(masked("{ name: a, password: \"x\", port: 1 }"), "{ name: a, password: ******");
        assert_eq!(masked("    grafana_port: 3000  # x"), "    grafana_port: 3000  # x");
    }
}
