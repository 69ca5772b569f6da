//! The verdict on an answer: its code, then the records of each section against the module's rules.
//!
//! The rules mean what the exporter makes of them, which for `fail_if_all_match_regexp` is the opposite of its name.
//! Expressions are compiled when there is a record to hold against them, so that a broken one may never be noticed.

use super::super::{DnsModule, Pattern, RecordRules};
use super::message::{Message, Record};
use super::name::{rcode_name, rcode_number, rcodes};

/// The most that a sentence shows of a record, in characters.
const SHOWN: usize = 200;

/// Judges an answer; the error completes "10.10.10.10:53 (udp) …".
pub(super) fn judge(module: &DnsModule, message: &Message) -> Result<(), String> {
    rcode(message.rcode, module.valid_rcodes.as_deref())?;
    let sections = [
        ("answer", &message.answer, &module.validate_answer_rrs),
        ("authority", &message.authority, &module.validate_authority_rrs),
        ("additional", &message.additional, &module.validate_additional_rrs),
    ];
    sections.into_iter().try_for_each(|(name, records, rules)| section(name, records, rules)).map_err(|why| {
        let hint = "; its answer is truncated, so that records may be missing: ask with transport_protocol: tcp";
        if message.truncated { why + hint } else { why }
    })
}

fn rcode(rcode: u16, valid: Option<&[String]>) -> Result<(), String> {
    let answered = format!("answered {}", rcode_name(rcode));
    let Some(valid) = valid else {
        return if rcode == 0 { Ok(()) } else { Err(format!("{answered}, and not NOERROR")) };
    };
    let mut is_valid = false;
    for name in valid {
        let known = rcode_number(name).ok_or_else(|| {
            format!("{answered}, and no answer is right: `{name}` in valid_rcodes is none of {}", rcodes())
        })?;
        is_valid |= known == rcode;
    }
    match valid {
        _ if is_valid => Ok(()),
        [] => Err(format!("{answered}, and no answer is right: valid_rcodes is empty")),
        valid => Err(format!("{answered}, and valid_rcodes has only {}", valid.join(", "))),
    }
}

fn section(section: &str, records: &[Record], rules: &RecordRules) -> Result<(), String> {
    if records.is_empty() {
        let wants = [
            ("fail_if_not_matches_regexp", &rules.fail_if_not_matches_regexp),
            ("fail_if_none_matches_regexp", &rules.fail_if_none_matches_regexp),
        ];
        return match wants.iter().find(|(_, rules)| !rules.is_empty()) {
            Some((rule, _)) => Err(format!("sent no {section} records, and {rule} wants one")),
            None => Ok(()),
        };
    }
    Section { section, records }.judge(rules)
}

/// A section with records in it.
struct Section<'a> {
    section: &'a str,
    records: &'a [Record],
}

impl Section<'_> {
    fn judge(&self, rules: &RecordRules) -> Result<(), String> {
        let [forbidden, all, every, some] = [
            self.compile("fail_if_matches_regexp", &rules.fail_if_matches_regexp)?,
            self.compile("fail_if_all_match_regexp", &rules.fail_if_all_match_regexp)?,
            self.compile("fail_if_not_matches_regexp", &rules.fail_if_not_matches_regexp)?,
            self.compile("fail_if_none_matches_regexp", &rules.fail_if_none_matches_regexp)?,
        ];
        if let Some((record, pattern)) = self.first(&forbidden, true) {
            return Err(self.about(record, "matches", pattern, "fail_if_matches_regexp", "forbids"));
        }
        if let Some((record, pattern)) = self.first(&every, false) {
            return Err(self.about(record, "does not match", pattern, "fail_if_not_matches_regexp", "wants of each"));
        }
        if let Some((record, pattern)) = self.first(&all, false) {
            let wants = "wants of each, whatever its name says";
            return Err(self.about(record, "does not match", pattern, "fail_if_all_match_regexp", wants));
        }
        if !some.is_empty() && self.first(&some, true).is_none() {
            let patterns = some.iter().map(|pattern| format!("`{}`", pattern.text())).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "sent {} {} records of which none matches {patterns}, which fail_if_none_matches_regexp wants of one; \
                 the first is `{}`",
                self.records.len(),
                self.section,
                self.records.first().map(shown).unwrap_or_default()
            ));
        }
        Ok(())
    }

    fn compile(&self, rule: &str, texts: &[String]) -> Result<Vec<Pattern>, String> {
        let compile = |text: &String| {
            Pattern::new(text)
                .map_err(|why| format!("cannot be judged: {rule} of validate_{}_rrs: `{text}` {why}", self.section))
        };
        texts.iter().map(compile).collect()
    }

    /// The first record that matches a pattern or, if that is asked for, does not.
    fn first<'a>(&'a self, patterns: &'a [Pattern], matches: bool) -> Option<(&'a Record, &'a Pattern)> {
        let pairs = self.records.iter().flat_map(|record| patterns.iter().map(move |pattern| (record, pattern)));
        pairs.into_iter().find(|(record, pattern)| pattern.is_match(&record.text) == matches)
    }

    fn about(&self, record: &Record, does: &str, pattern: &Pattern, rule: &str, wants: &str) -> String {
        let (record, section) = (shown(record), self.section);
        format!("sent the {section} record `{record}`, which {does} `{}`: {rule} {wants}", pattern.text())
    }
}

/// A record on one line, with blanks for what has no shape.
fn shown(record: &Record) -> String {
    let text = String::from_utf8_lossy(&record.text);
    let mut shown: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
