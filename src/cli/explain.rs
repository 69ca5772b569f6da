//! `infra-verify explain`: what a check asks, what it expects, what it needs and what mends it.

use std::fmt::Write;

use clap::Args;

use super::plan::known;
use super::source::Sources;
use super::{Stop, SuiteDir, columns, print, refused};
use crate::check::{Check, Severity};
use crate::expect::Matcher;
use crate::lint::{self, COMPONENT, RULES};
use crate::plan::{Pattern, Plan, Planned, Selection};
use crate::report::{ExitCode, wrap};
use crate::suite::{Explanation, Suite, Suites, Template, With};
use crate::value::{did_you_mean, show};

/// How many checks are explained one by one before only their names are listed.
const EXPLAINED: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The check: COMPONENT/CHECK, NODE/COMPONENT/CHECK with an inventory, or a whole COMPONENT
    check: String,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    suites: SuiteDir,
}

impl Explain {
    pub(super) fn run(&self) -> Result<ExitCode, Stop> {
        let suites = self.suites.read()?;
        // `infra-1/grafana/health` and `grafana/health` are the same check, on one node or on any.
        let parts: Vec<_> = self.check.split('/').collect();
        let (component, check) = match parts[..] {
            [component] => (component, None),
            [component, check] | [_, component, check] => (component, Some(check)),
            _ => {
                return Err(
                    self.unknown(&did_you_mean(&self.check, suites.iter().map(|suite| suite.component.as_str())))
                );
            }
        };
        if component == COMPONENT {
            return self.rules(check, &suites);
        }
        let Some(suite) = suites.iter().find(|suite| suite.component == component) else {
            return Err(self.unknown(&did_you_mean(component, suites.iter().map(|suite| suite.component.as_str()))));
        };
        let base = check.map(|check| check.split('[').next().unwrap_or(check));
        let checks: Vec<_> = suite.checks.iter().filter(|template| base.is_none_or(|id| template.id == id)).collect();
        if checks.is_empty() {
            let known = suite.checks.iter().map(|template| template.id.as_str());
            return Err(self.unknown(&did_you_mean(base.unwrap_or_default(), known)));
        }
        let plan = self.plan(&suites)?;
        let mut text = String::new();
        paragraph(&mut text, 0, &format!("{}: {}", suite.component, suite.about));
        section(&mut text, 0, "what its checks do not judge", &suite.unjudged);
        for template in checks {
            describe(&mut text, suite, template);
            let planned = match &plan {
                Some(plan) => self.planned(plan, &suite.component, &template.id)?,
                None => Vec::new(),
            };
            fill_in(&mut text, &planned);
            tell(&mut text, &template.explanation, &planned);
        }
        let secrets = plan.map(|plan| plan.secrets).unwrap_or_default();
        print(&secrets.scrub(&text))?;
        Ok(ExitCode::Ok)
    }

    /// The rules of an inventory, which ask nothing.
    fn rules(&self, check: Option<&str>, suites: &Suites) -> Result<ExitCode, Stop> {
        let rules: Vec<_> = RULES.iter().filter(|rule| check.is_none_or(|name| rule.name == name)).collect();
        if rules.is_empty() {
            return Err(self.unknown(&did_you_mean(check.unwrap_or_default(), RULES.iter().map(|rule| rule.name))));
        }
        let plan = self.plan(suites)?;
        let mut text = String::new();
        paragraph(&mut text, 0, &format!("{COMPONENT}: {}", lint::ABOUT));
        section(&mut text, 0, "what its checks do not judge", &[lint::UNJUDGED.to_owned()]);
        for rule in rules {
            let _ = write!(
                text,
                "\n  check     {COMPONENT}/{}\n  holds if  {COMPONENT} on the node {}\n",
                rule.name, rule.title
            );
            let planned = match &plan {
                Some(plan) => self.planned(plan, COMPONENT, rule.name)?,
                None => Vec::new(),
            };
            fill_in(&mut text, &planned);
            let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
            let (why, causes, look) = (texts(&[rule.why]), texts(rule.causes), texts(rule.look));
            tell(&mut text, &Explanation { why, causes, look, unjudged: Vec::new() }, &planned);
        }
        let secrets = plan.map(|plan| plan.secrets).unwrap_or_default();
        print(&secrets.scrub(&text))?;
        Ok(ExitCode::Ok)
    }

    /// The plan of the inventory that was named, canaries included.
    fn plan(&self, suites: &Suites) -> Result<Option<Plan>, Stop> {
        let Some(inventory) = self.sources.read_if_named()? else { return Ok(None) };
        let all = Selection { canary: true, ..Selection::default() };
        Ok(Some(Plan::new(&inventory, suites).map_err(|error| refused(&inventory, error))?.select(&all)?))
    }

    /// What the plan has of a template: on the node that was named, or on all.
    fn planned<'a>(&self, plan: &'a Plan, component: &str, check: &str) -> Result<Vec<&'a Planned>, Stop> {
        let pattern = match self.check.split('/').count() {
            3 => self.check.clone(),
            _ => format!("*/{component}/{check}"),
        };
        let pattern: Pattern = pattern.parse().map_err(|message| Stop { code: ExitCode::Usage, message })?;
        Ok(plan.checks.iter().filter(|planned| pattern.matches(planned.id())).collect())
    }

    fn unknown(&self, hint: &str) -> Stop {
        Stop { code: ExitCode::Usage, message: format!("there is no check `{}`{hint}", self.check) }
    }
}

/// A check as its suite has it.
fn describe(text: &mut String, suite: &Suite, check: &Template) {
    // Writing to a String cannot fail.
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:9} {value}");
    };
    line("", "");
    line("check", &format!("{}/{} ({})", suite.component, check.id, check.place));
    line("holds if", &format!("{} on the node {}", suite.component, show(&check.title)));
    line("asks", &format!("{}: {}", check.kind.name, pairs(&check.fields)));
    for (fact, value) in &check.expect {
        let matcher = Matcher::read(value).map_or_else(|_| show(value), |matcher| matcher.to_string());
        line(if check.never { "never" } else { "expects" }, &format!("{fact}: {matcher}"));
    }
    let when: Vec<_> = suite.when.iter().chain(&check.when).map(String::as_str).collect();
    let needs: Vec<_> = check.needs.iter().map(show).collect();
    let optional = [
        ("via", check.via.as_ref().map(|via| format!("{}, from where the node stands", show(via))).unwrap_or_default()),
        (if check.never { "unless" } else { "when" }, when.join(", ")),
        ("each", check.each.as_ref().map(show).unwrap_or_default()),
        ("needs", needs.join(", ")),
        ("takes", check.with.iter().map(With::to_string).collect::<Vec<_>>().join(", ")),
        ("absence", check.absence.clone().unwrap_or_default()),
        ("fix", check.fix.as_ref().or(suite.fix.as_ref().filter(|_| !check.never)).map(show).unwrap_or_default()),
    ];
    optional.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| line(name, value));
    if check.severity == Severity::Warn {
        line("severity", "warn: it fails a run only with --fail-on warn");
    }
    if check.canary {
        line("canary", "it writes, or reads what was written: asked with --canary only");
    }
    if check.in_turn {
        line("in turn", "asked on one node after the other, and no more once an answer did not pass");
    }
}

fn pairs(map: &crate::value::Object) -> String {
    map.iter().map(|(name, value)| format!("{name}: {}", show(value))).collect::<Vec<_>>().join(", ")
}

/// The same check on the nodes of an inventory.
fn fill_in(text: &mut String, planned: &[&Planned]) {
    for planned in planned.iter().take(EXPLAINED) {
        let _ = match planned {
            Planned::Check(check) => writeln!(text, "  {}  {}", check.id, asked(check)),
            Planned::Known(outcome) => writeln!(text, "  {}  {}", outcome.id, known(outcome)),
        };
    }
    if planned.len() > EXPLAINED {
        let _ = writeln!(text, "  and {} more: infra-verify plan lists them", planned.len() - EXPLAINED);
    }
}

fn asked(check: &Check) -> String {
    match &check.fix {
        Some(fix) => format!("{}  fix: {fix}", check.question.asked()),
        None => check.question.asked(),
    }
}

/// What a person wants to know of it: why it matters, what breaks it, how to look, and what it leaves open.
fn tell(text: &mut String, explanation: &Explanation, planned: &[&Planned]) {
    section(text, 2, "why it matters", &explanation.why);
    section(text, 2, "what usually breaks it", &explanation.causes);
    look(text, &explanation.look, planned);
    section(text, 2, "what it does not judge", &explanation.unjudged);
}

fn section(text: &mut String, indent: usize, heading: &str, texts: &[String]) {
    if texts.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{:indent$}{heading}", "");
    for one in texts {
        paragraph(text, indent + 2, one);
    }
}

/// One text, in as many lines as it takes; the second and further lines stand in a little.
fn paragraph(text: &mut String, indent: usize, one: &str) {
    let one = one.split_whitespace().collect::<Vec<_>>().join(" ");
    for (number, line) in wrap(&one, columns().saturating_sub(indent + 2)).iter().enumerate() {
        let indent = if number == 0 { indent } else { indent + 2 };
        let _ = writeln!(text, "{:indent$}{line}", "");
    }
}

/// Commands as they can be copied: on every node where it is asked, or as the suite has them.
fn look(text: &mut String, commands: &[String], planned: &[&Planned]) {
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  how to look by hand");
    let mut lines = |commands: &[String]| {
        commands.iter().flat_map(|command| command.lines()).for_each(|line| _ = writeln!(text, "    {line}"));
    };
    let asked = planned.iter().filter_map(|planned| match planned {
        Planned::Check(check) => Some(check),
        Planned::Known(_) => None,
    });
    let asked: Vec<_> = asked.take(EXPLAINED).collect();
    if asked.is_empty() {
        lines(commands);
    }
    for check in asked {
        lines(&[format!("# {}", check.id)]);
        lines(&check.look);
    }
}
