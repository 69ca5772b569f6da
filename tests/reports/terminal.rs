//! What a person sees.

use infra_verify::check::Verdict;
use infra_verify::report::{Format, Options, Report, Verbosity};
use infra_verify::run::Interruption;

use crate::estate::{estate, report};
use crate::{acts, golden, render, verdicts, wide};

#[test]
fn the_terminal_at_80_columns_is_as_agreed() {
    golden("report.80.txt", &render(Format::Terminal, &report(), wide(80)));
}

#[test]
fn the_terminal_at_120_columns_is_as_agreed() {
    golden("report.120.txt", &render(Format::Terminal, &report(), wide(120)));
}

#[test]
fn the_terminal_in_colour_is_as_agreed() {
    golden("report.color.txt", &render(Format::Terminal, &report(), Options { color: true, ..wide(80) }));
}

#[test]
fn the_terminal_with_every_outcome_is_as_agreed() {
    golden(
        "report.verbose.txt",
        &render(Format::Terminal, &report(), Options { verbosity: Verbosity::Verbose, ..wide(100) }),
    );
}

#[test]
fn the_matrix_of_one_two_three_and_twenty_nodes_is_as_agreed() {
    for nodes in [1, 2, 3, 20] {
        for width in [80, 120] {
            let text = render(Format::Terminal, &estate(nodes), wide(width));
            golden(&format!("matrix.{nodes}.{width}.txt"), &text);
        }
    }
}

#[test]
fn no_line_of_ours_is_wider_than_the_screen() {
    for width in [80, 100, 120] {
        for report in [report(), estate(1), estate(3), estate(20)] {
            for line in render(Format::Terminal, &report, wide(width)).lines() {
                let whole = line.split(' ').any(|word| word.chars().count() > width / 2) || line.contains("fix:");
                assert!(whole || unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn nothing_from_the_network_acts_on_a_terminal_or_floods_it() {
    let text = render(Format::Terminal, &report(), wide(80));
    assert!(!acts(&text));
    assert!(text.len() < 8_000, "{} bytes", text.len());
    assert!(text.contains(r"\x1b[2J\x1b]0;owned\x07"), "{text}");
}

#[test]
fn the_terminal_names_every_outcome_once_when_it_is_verbose() {
    let text = render(Format::Terminal, &report(), Options { verbosity: Verbosity::Verbose, ..wide(200) });
    for outcome in &report().outcomes {
        let label = outcome.verdict.to_string();
        let lines = text.lines().filter(|line| {
            let mut words = line.split_whitespace();
            words.next().is_some_and(|word| word.to_lowercase() == label)
                && words.next() == Some(&*outcome.id.to_string())
        });
        assert_eq!(lines.count(), 1, "{}", outcome.id);
    }
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_no_matrix_when_it_is_not() {
    let quiet = Options { verbosity: Verbosity::Quiet, ..wide(80) };
    assert_eq!(render(Format::Terminal, &estate(2), quiet), "");
    let text = render(Format::Terminal, &estate(3), quiet);
    assert!(text.starts_with("\nFAIL   infra-3/grafana/check-1"), "{text}");
    let nothing = Report { outcomes: vec![], ..report() };
    assert!(render(Format::Terminal, &nothing, quiet).contains("NOTHING CHECKED"));
}

#[test]
fn the_last_line_says_the_verdict() {
    use Verdict::{Error, Fail, Pass, Skip, Warn};
    let last = |report: &Report, fail_on_warn| {
        let text = render(Format::Terminal, report, Options { fail_on_warn, ..wide(80) });
        text.lines().last().unwrap().to_owned()
    };
    assert_eq!(last(&verdicts(&[Pass]), false), "PASSED  what was checked is as pigsty.yml says");
    assert_eq!(
        last(&verdicts(&[Pass, Warn]), false),
        "PASSED  but for 1 warning, what was checked is as pigsty.yml says"
    );
    assert_eq!(last(&verdicts(&[Fail, Error]), false), "FAILED  1 check contradicts pigsty.yml");
    assert_eq!(last(&verdicts(&[Pass, Warn]), true), "FAILED  1 warning where none was allowed");
    assert_eq!(
        last(&verdicts(&[Pass, Error]), false),
        "ERROR  1 check could not be made, so it is not known whether all is well"
    );
    assert_eq!(last(&verdicts(&[Skip]), false), "NOTHING CHECKED  pigsty.yml was read, and nothing was asked");
    let stopped = Report { interrupted: Some(Interruption::Signal(2)), ..verdicts(&[Pass]) };
    assert_eq!(last(&stopped, false), "INTERRUPTED  stopped by signal 2, so not everything was looked at");
    let late = Report { interrupted: Some(Interruption::Deadline), ..verdicts(&[Pass, Skip]) };
    assert_eq!(last(&late, false), "ERROR  stopped by deadline, so not everything was looked at");
    let late = Report { interrupted: Some(Interruption::Deadline), ..verdicts(&[Fail, Skip]) };
    assert_eq!(
        last(&late, false),
        "FAILED  1 check contradicts pigsty.yml; stopped by deadline, so not everything was looked at"
    );
}
