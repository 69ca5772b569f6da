//! One probe by hand: the verdict with its reason, how long each phase took, and what was found on the way.
//!
//! Everything is taken from the metrics, so that a person sees what a machine would be told.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::text::{line, pad};
use super::{INDENT, NAME, NARROWEST, Options, REASON, Screen, bold, dim, plain, style};
use crate::check::Verdict;
use crate::probe::blackbox::{Metric, Metrics, Probed};
use crate::value::Secrets;

/// Where the second column of a table begins behind the first, in columns.
const NAMES: usize = 16;

/// The phases in the order in which they happen.
const PHASES: [&str; 9] = ["resolve", "setup", "connect", "tls", "request", "processing", "transfer", "check", "rtt"];

/// The first second that RFC 3339 cannot write.
const YEAR_10000: f64 = 253_402_300_800.0;

/// How a metric is shown.
#[derive(Clone, Copy)]
enum Form {
    Number,
    /// A number that says nothing when it is 0.
    Count,
    Bytes,
    Version,
    Family,
    /// A time, with the days until then.
    Date,
    /// One of its labels.
    Label(&'static str),
}

/// The metrics that a person wants to know of.
const FACTS: [(&str, &str, Form); 18] = [
    ("probe_ip_protocol", "asked over", Form::Family),
    ("probe_http_status_code", "status", Form::Count),
    ("probe_http_version", "version", Form::Version),
    ("probe_http_redirects", "redirects", Form::Count),
    ("probe_http_content_length", "length", Form::Bytes),
    ("probe_http_uncompressed_body_length", "body", Form::Bytes),
    ("probe_http_last_modified_timestamp_seconds", "last modified", Form::Date),
    ("probe_dns_answer_rrs", "answers", Form::Number),
    ("probe_dns_authority_rrs", "authorities", Form::Number),
    ("probe_dns_additional_rrs", "additional", Form::Number),
    ("probe_dns_serial", "serial", Form::Number),
    ("probe_icmp_reply_hop_limit", "hops left", Form::Count),
    ("probe_tls_version_info", "TLS", Form::Label("version")),
    ("probe_tls_cipher_info", "cipher", Form::Label("cipher")),
    ("probe_ssl_last_chain_info", "certificate", Form::Label("subject")),
    ("probe_ssl_last_chain_info", "issued by", Form::Label("issuer")),
    ("probe_ssl_earliest_cert_expiry", "expires", Form::Date),
    ("probe_ssl_last_chain_expiry_timestamp_seconds", "chain expires", Form::Date),
];

/// Tells a person what a probe came to; `head` names the module and the target.
pub fn probe(
    head: &str,
    probed: &Probed,
    secrets: &Secrets,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut screen = Screen { out, width: options.width.max(NARROWEST), color: options.color };
    let verdict = verdict(probed);
    let label = screen.paint(style(verdict), &pad(&verdict.to_string().to_uppercase(), INDENT));
    let head = screen.paint(bold(), &line(&secrets.scrub(head), NAME));
    screen.line(&format!("{label}{head}  in {}", span(probed.took.as_secs_f64())))?;
    if let Some(failed) = &probed.failure {
        screen.paragraph(INDENT, plain(), &line(&secrets.scrub(&failed.reason), REASON))?;
    }
    for table in [phases(&probed.metrics), facts(&probed.metrics, SystemTime::now())] {
        for (at, (name, value)) in table.iter().enumerate() {
            if at == 0 {
                screen.blank()?;
            }
            let name = screen.paint(dim(), &pad(&line(name, NAMES), NAMES));
            screen.line(&format!("{:INDENT$}{name}{}", "", line(&secrets.scrub(value), NAME)))?;
        }
    }
    Ok(())
}

fn verdict(probed: &Probed) -> Verdict {
    match &probed.failure {
        None => Verdict::Pass,
        Some(failed) if failed.local => Verdict::Error,
        Some(_) => Verdict::Fail,
    }
}

/// Every phase that took any time, aligned to the right.
fn phases(metrics: &Metrics) -> Vec<(&'static str, String)> {
    let took = |phase: &str| {
        let is =
            |metric: &Metric<'_>| metric.labels.first().is_some_and(|(name, value)| name == "phase" && value == phase);
        metrics.iter().find(is).map(|metric| metric.value).filter(|seconds| *seconds > 0.0)
    };
    let times: Vec<_> = PHASES.into_iter().filter_map(|phase| Some((phase, span(took(phase)?)))).collect();
    let width = times.iter().map(|(_, time)| time.len()).max().unwrap_or_default();
    times.into_iter().map(|(phase, time)| (phase, format!("{time:>width$}"))).collect()
}

/// What was found, as far as there was an answer to find it in.
fn facts(metrics: &Metrics, now: SystemTime) -> Vec<(&str, String)> {
    let silent = |gauge: &str| metrics.get(gauge) == Some(0.0);
    let (http, dns) = (silent("probe_http_status_code"), silent("probe_dns_query_succeeded"));
    let answered = |name: &str| !(http && name.starts_with("probe_http_") || dns && name.starts_with("probe_dns_"));
    let known = FACTS.into_iter().filter(|(name, ..)| answered(name)).filter_map(|(name, noun, form)| {
        let metric = metrics.iter().find(|metric| metric.name == name)?;
        Some((noun, shown(&metric, form, now)?))
    });
    let expected = metrics.iter().filter(|metric| metric.name == "probe_expect_info").flat_map(|metric| metric.labels);
    known.chain(expected.map(|(name, value)| (name.as_str(), value.clone()))).collect()
}

fn shown(metric: &Metric<'_>, form: Form, now: SystemTime) -> Option<String> {
    let value = metric.value;
    match form {
        Form::Count if value == 0.0 => None,
        Form::Number | Form::Count => Some(value.to_string()),
        Form::Bytes if value < 0.0 => Some("not said".to_owned()),
        Form::Bytes => Some(format!("{value} bytes")),
        Form::Version => Some(format!("HTTP/{value:.1}")).filter(|_| value > 0.0),
        Form::Family => Some(format!("IPv{value}")).filter(|_| value > 0.0),
        Form::Date => Some(date(value, now)),
        Form::Label(name) => metric.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.clone()),
    }
}

/// A time of a certificate: where nothing was verified, there is none.
fn date(seconds: f64, now: SystemTime) -> String {
    if !(0.0..YEAR_10000).contains(&seconds) {
        return "not known, for nothing was verified".to_owned();
    }
    let time = UNIX_EPOCH + Duration::from_secs_f64(seconds);
    let written = humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace('Z', " UTC");
    let days = |span: Duration| match span.as_secs() / 86_400 {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    match time.duration_since(now) {
        Ok(left) => format!("{written} (in {})", days(left)),
        Err(past) => format!("{written} ({} ago)", days(past.duration())),
    }
}

/// A span as a person reads it: `0.12 ms`, `2.50 s`.
fn span(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.2} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_says_how_far_away_it_is() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        assert_eq!(date(1_000_864_000.0, now), "2001-09-19 01:46:40 UTC (in 10 days)");
        assert_eq!(date(999_900_000.0, now), "2001-09-07 22:00:00 UTC (1 day ago)");
        assert_eq!(date(-62_135_596_800.0, now), "not known, for nothing was verified");
        assert_eq!(date(f64::INFINITY, now), "not known, for nothing was verified");
    }

    #[test]
    fn a_span_has_its_unit() {
        assert_eq!((span(0.000_123), span(2.5)), ("0.12 ms".to_owned(), "2.50 s".to_owned()));
    }
}
