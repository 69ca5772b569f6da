//! The report for people: a matrix of nodes and components, what is not well and how to mend it, and one verdict.
//!
//! Its reader may have been woken for it: it says the least that helps, worst first, and ends with the one word that
//! matters. Whatever came from a network is cut to a length and made visible, so that no answer can paint the screen.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use owo_colors::Style;

use super::text::{self, columns, line, wrap};
use super::{ExitCode, Options, Report, Verbosity};
use crate::check::{CheckId, Outcome, Verdict};

mod matrix;
mod probe;
mod skip;

pub use probe::probe;

/// How much of a title, a question or a name is shown, in characters; they are ours and short unless an inventory is odd.
const NAME: usize = 240;

/// How much of a reason is shown, in characters: eight lines of 80 columns, enough for a set of labels that differ.
const REASON: usize = 600;

/// How much of a command is shown, in characters: half a command must not be run, so only nonsense is cut.
const COMMAND: usize = 4_096;

/// Where text begins beside `FAIL`, `ERROR` and `WARN`, in columns.
const INDENT: usize = 7;

/// How many passes after a retry are named.
const RETRIES: usize = 6;

/// The narrowest screen that is written for, in columns; a narrower one wraps by itself.
const NARROWEST: usize = 40;

/// Writes the report; quiet, it writes nothing when there is nothing to mend.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let code = report.exit_code(options.fail_on_warn);
    let quiet = options.verbosity == Verbosity::Quiet;
    if quiet && code == ExitCode::Ok && report.summary().warn == 0 {
        return Ok(());
    }
    let mut screen = Screen { out, width: options.width.max(NARROWEST), color: options.color };
    if !quiet {
        matrix::write(report, &mut screen)?;
    }
    if options.verbosity == Verbosity::Verbose {
        listing(report, &mut screen, Verdict::Pass)?;
    }
    for verdict in [Verdict::Fail, Verdict::Error, Verdict::Warn] {
        report.with(verdict).try_for_each(|outcome| problem(outcome, &mut screen))?;
    }
    match options.verbosity {
        Verbosity::Verbose => listing(report, &mut screen, Verdict::Skip)?,
        Verbosity::Normal | Verbosity::Quiet => skip::write(report, &mut screen)?,
    }
    retries(report, &mut screen)?;
    conclusion(report, code, &mut screen)
}

/// What standard output is.
pub(super) fn detect() -> Options {
    let stdout = io::stdout();
    let color = stdout.is_terminal() && anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    let width =
        terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0);
    let options = Options::default();
    Options { width: width.unwrap_or(options.width), color, ..options }
}

/// Where the report is written, and how wide and colourful it may be.
struct Screen<'a> {
    out: &'a mut dyn Write,
    width: usize,
    color: bool,
}

impl Screen<'_> {
    /// The text in a style, where there are colours.
    fn paint(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() { style.style(text).to_string() } else { text.to_owned() }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    fn blank(&mut self) -> io::Result<()> {
        self.line("")
    }

    /// A head and what follows it, in as many lines as it takes: `3 checks: 2 passed, 1 failed`.
    fn series(&mut self, head: &str, parts: &[(Style, String)]) -> io::Result<()> {
        let (mut text, mut used) = (head.to_owned(), columns(head));
        for (index, (style, part)) in parts.iter().enumerate() {
            text += if index == 0 { ":" } else { "," };
            if used + 3 + columns(part) > self.width {
                self.line(&text)?;
                (text, used) = (" ".to_owned(), 1);
            }
            text = text + " " + &self.paint(*style, part);
            used += 2 + columns(part);
        }
        self.line(&text)
    }

    /// Lines that begin at a column, in a style.
    fn paragraph(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width - indent) {
            let line = self.paint(style, &line);
            self.line(&format!("{:indent$}{line}", ""))?;
        }
        Ok(())
    }
}

/// A colour for each verdict, the same everywhere.
fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => Style::new().green(),
        Verdict::Skip => dim(),
        Verdict::Warn => Style::new().yellow(),
        Verdict::Error => Style::new().magenta().bold(),
        Verdict::Fail => Style::new().red().bold(),
    }
}

fn dim() -> Style {
    Style::new().dimmed()
}

fn plain() -> Style {
    Style::new()
}

fn bold() -> Style {
    Style::new().bold()
}

/// What had to hold, as a sentence: `grafana on infra-2 says its database is well`.
fn sentence(outcome: &Outcome) -> String {
    let CheckId { node, component, .. } = &outcome.id;
    line(&format!("{component} on {node} {}", outcome.title), NAME)
}

/// Three lines: what had to hold, what was found when what was asked, and what mends it.
fn problem(outcome: &Outcome, screen: &mut Screen<'_>) -> io::Result<()> {
    let label = text::pad(&outcome.verdict.to_string().to_uppercase(), INDENT);
    let id = line(&outcome.id.to_string(), NAME);
    let sentence = sentence(outcome);
    let head = format!("{}{}", screen.paint(style(outcome.verdict), &label), screen.paint(bold(), &id));
    screen.blank()?;
    if INDENT + columns(&id) + 2 + columns(&sentence) <= screen.width {
        screen.line(&format!("{head}  {sentence}"))?;
    } else {
        screen.line(&head)?;
        screen.paragraph(INDENT, plain(), &sentence)?;
    }
    found(outcome, screen)?;
    if let Some(fix) = &outcome.fix {
        // Never wrapped, so that it can be copied.
        let fix =
            format!("{:INDENT$}{} {}", "", screen.paint(dim(), "fix:"), screen.paint(bold(), &line(fix, COMMAND)));
        screen.line(&fix)?;
    }
    Ok(())
}

/// The reason, cut; where the difference probably comes from stands at its end, and is what helps most.
fn reason(outcome: &Outcome) -> String {
    let reason = outcome.reason.as_deref().unwrap_or("no reason is known");
    let suspicions = outcome.evidence.findings.iter().filter_map(|finding| finding.suspicion.as_ref());
    let last = suspicions.map(|suspicion| format!("; probably: {suspicion}")).next_back().unwrap_or_default();
    let found = reason.strip_suffix(&last).unwrap_or(reason);
    line(found, REASON) + &line(&reason[found.len()..], REASON)
}

/// What was found, and beside or under it what was asked.
fn found(outcome: &Outcome, screen: &mut Screen<'_>) -> io::Result<()> {
    let reason = reason(outcome);
    let attempts =
        Some(outcome.attempts).filter(|attempts| *attempts > 1).map(|attempts| format!("{attempts} attempts"));
    let cause = outcome.cause.as_ref().map(|cause| format!("because of {}", line(&cause.to_string(), NAME)));
    let notes = attempts.into_iter().chain(cause).map(|note| format!(" ({note})"));
    let reason = reason + &notes.collect::<String>();
    let asked = match outcome.evidence.asked.as_str() {
        "" => String::new(),
        asked => format!("asked: {}", line(asked, NAME)),
    };
    if INDENT + columns(&reason) + 2 + columns(&asked) <= screen.width {
        let asked = screen.paint(dim(), &asked);
        return screen.line(&format!("{:INDENT$}{reason}  {asked}", ""));
    }
    screen.paragraph(INDENT, plain(), &reason)?;
    if asked.is_empty() { Ok(()) } else { screen.paragraph(INDENT, dim(), &asked) }
}

/// Every outcome of a verdict, a line each.
fn listing(report: &Report, screen: &mut Screen<'_>, verdict: Verdict) -> io::Result<()> {
    for (index, outcome) in report.with(verdict).enumerate() {
        if index == 0 {
            screen.blank()?;
        }
        let label = screen.paint(style(verdict), &text::pad(&verdict.to_string(), INDENT));
        let detail = match (&outcome.reason, &outcome.cause) {
            (_, Some(cause)) => format!("because of {cause}"),
            (Some(reason), None) => reason.clone(),
            (None, None) => format!("{} ({} ms)", outcome.title, outcome.took.as_millis()),
        };
        let room = screen.width.saturating_sub(INDENT + 2 + columns(&outcome.id.to_string())).max(NARROWEST);
        let detail = screen.paint(dim(), &line(&detail, room - 1));
        screen.line(&format!("{label}{}  {detail}", line(&outcome.id.to_string(), NAME)))?;
    }
    Ok(())
}

/// The passes that did not come at the first attempt; they may not come at the next.
fn retries(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let late: Vec<_> = report.with(Verdict::Pass).filter(|outcome| outcome.attempts > 1).collect();
    if late.is_empty() {
        return Ok(());
    }
    let named = late.iter().take(RETRIES).map(|outcome| format!("{} ({} attempts)", outcome.id, outcome.attempts));
    let further = late.len().saturating_sub(RETRIES);
    let further = Some(further).filter(|further| *further > 0).map(|further| format!("{further} more"));
    let named: Vec<_> = named.chain(further).collect();
    screen.blank()?;
    let text = format!("passed after a retry: {}", named.join(", "));
    screen.paragraph(0, dim(), &line(&text, RETRIES * NAME))
}

/// How many of what, and the word that matters.
fn conclusion(report: &Report, code: ExitCode, screen: &mut Screen<'_>) -> io::Result<()> {
    let summary = report.summary();
    let counts = [
        (summary.pass, "passed", Verdict::Pass),
        (summary.fail, "failed", Verdict::Fail),
        (summary.error, "could not be made", Verdict::Error),
        (summary.warn, "warned", Verdict::Warn),
        (summary.skip, "skipped", Verdict::Skip),
    ];
    let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, word, verdict)| (style(verdict), format!("{count} {word}"))).collect();
    let (checks, nodes) = (many(summary.checks, "check"), many(report.nodes.len(), "node"));
    screen.blank()?;
    screen.series(&format!("{checks} on {nodes} in {}", seconds(report.took)), &counts)?;
    let (verdict, word, meaning) = verdict(report, code);
    let word = screen.paint(style(verdict).bold(), word);
    screen.line(&format!("{word}  {meaning}"))
}

/// The last line: its colour, its word and what that means.
fn verdict(report: &Report, code: ExitCode) -> (Verdict, &'static str, String) {
    let summary = report.summary();
    let inventory = line(&report.inventory, NAME);
    let stopped = report.interrupted.map(|cause| format!("stopped by {cause}, so not everything was looked at"));
    let (verdict, word, meaning) = match code {
        ExitCode::Failed if summary.fail == 0 => {
            (Verdict::Fail, "FAILED", format!("{} where none was allowed", many(summary.warn, "warning")))
        }
        ExitCode::Failed => {
            let word = if summary.fail == 1 { "contradicts" } else { "contradict" };
            (Verdict::Fail, "FAILED", format!("{} {word} {inventory}", many(summary.fail, "check")))
        }
        ExitCode::Interrupted | ExitCode::Terminated => (Verdict::Error, "INTERRUPTED", String::new()),
        ExitCode::Error if summary.error == 0 => (Verdict::Error, "ERROR", String::new()),
        ExitCode::Error => {
            let checks = many(summary.error, "check");
            (Verdict::Error, "ERROR", format!("{checks} could not be made, so it is not known whether all is well"))
        }
        ExitCode::NothingChecked => {
            (Verdict::Error, "NOTHING CHECKED", format!("{inventory} was read, and nothing was asked"))
        }
        ExitCode::Ok | ExitCode::Usage | ExitCode::ReportNotWritten => {
            let but =
                Some(summary.warn).filter(|warn| *warn > 0).map(|warn| format!("but for {}, ", many(warn, "warning")));
            let but = but.unwrap_or_default();
            (Verdict::Pass, "PASSED", format!("{but}what was checked is as {inventory} says"))
        }
    };
    let meanings = Some(meaning).filter(|meaning| !meaning.is_empty()).into_iter().chain(stopped);
    (verdict, word, meanings.collect::<Vec<_>>().join("; "))
}

fn many(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A duration as a person says it: `0.12 s`, `12.3 s`, `4 min 10 s`.
fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..10 => format!("{:.2} s", took.as_secs_f64()),
        10..60 => format!("{:.1} s", took.as_secs_f64()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}
