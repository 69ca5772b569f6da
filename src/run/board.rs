//! The state of a run: what is open, what is under way, what has come out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::ask::Asked;
use super::{Interruption, dead, is_pending};
use crate::check::{Check, CheckId, Evidence, Outcome, Source, Verdict, judge};
use crate::plan::Planned;
use crate::probe::{Failure, ProbeError};

/// A planned check; one that the plan skips has nothing to ask.
struct Line {
    id: CheckId,
    check: Option<Arc<Check>>,
    group: usize,
}

/// The checks of one component on one node.
#[derive(Default)]
struct Group {
    open: VecDeque<usize>,
    busy: bool,
    /// What was asked in this round already, and the line that asked it.
    answers: Vec<(usize, Asked)>,
}

/// Every planned check and what has become of it.
pub(super) struct Board {
    lines: Vec<Line>,
    outcomes: Vec<Option<Outcome>>,
    /// What came out in an earlier round of what is asked again.
    earlier: Vec<Option<Outcome>>,
    index: HashMap<CheckId, usize>,
    groups: Vec<Group>,
    nodes: BTreeMap<Arc<str>, Vec<usize>>,
    news: Vec<usize>,
}

/// Whether an open check can be asked.
enum Readiness {
    Ready,
    Waits,
    Skip(String, CheckId),
}

impl Board {
    pub(super) fn new(plan: Vec<Planned>) -> Self {
        let mut board = Self {
            lines: Vec::new(),
            outcomes: Vec::new(),
            earlier: Vec::new(),
            index: HashMap::new(),
            groups: Vec::new(),
            nodes: BTreeMap::new(),
            news: Vec::new(),
        };
        let mut groups: HashMap<(Arc<str>, Arc<str>), usize> = HashMap::new();
        for (at, planned) in plan.into_iter().enumerate() {
            let id = planned.id().clone();
            let group = *groups.entry((id.node.clone(), id.component.clone())).or_insert_with(|| {
                board.groups.push(Group::default());
                board.groups.len() - 1
            });
            board.index.insert(id.clone(), at);
            board.nodes.entry(id.node.clone()).or_default().push(at);
            let (check, outcome) = match planned {
                Planned::Check(check) => (Some(Arc::from(check)), None),
                Planned::Skip { id, title, reason } => (None, Some(Outcome::skipped(id, title, reason, None))),
                Planned::Unusable { id, title, reason } => {
                    (None, Some(Outcome { verdict: Verdict::Error, ..Outcome::skipped(id, title, reason, None) }))
                }
            };
            match &outcome {
                None => board.groups[group].open.push_back(at),
                Some(_) => board.news.push(at),
            }
            board.lines.push(Line { id, check, group });
            board.outcomes.push(outcome);
            board.earlier.push(None);
        }
        board
    }

    /// Checks to ask now, at most `room`; settles on the way what needs no asking.
    pub(super) fn startable(&mut self, room: usize) -> Vec<(usize, Arc<Check>)> {
        let mut started = Vec::new();
        loop {
            let settled = self.news.len();
            for group in 0..self.groups.len() {
                if started.len() == room {
                    return started;
                }
                if !self.groups[group].busy {
                    started.extend(self.next_of(group));
                }
            }
            // What was settled may be what an earlier group waits for.
            if self.news.len() == settled {
                return started;
            }
        }
    }

    /// The first check of a group that can be asked; those before it that need no asking are settled.
    fn next_of(&mut self, group: usize) -> Option<(usize, Arc<Check>)> {
        let mut position = 0;
        while let Some(&at) = self.groups[group].open.get(position) {
            let check = self.lines[at].check.clone()?;
            match self.readiness(&check) {
                Readiness::Waits => position += 1,
                Readiness::Skip(reason, cause) => {
                    self.groups[group].open.remove(position);
                    let outcome = Outcome::skipped(check.id.clone(), check.title.clone(), reason, Some(cause));
                    self.settle(at, outcome);
                }
                Readiness::Ready => {
                    self.groups[group].open.remove(position);
                    let Some(check) = self.complete(at, check) else { continue };
                    let Some(asked) = self.asked_already(group, &check) else {
                        self.groups[group].busy = true;
                        return Some((at, check));
                    };
                    self.judge(at, &asked);
                }
            }
        }
        None
    }

    /// The check with what earlier answers give it; settled as an error if they do not.
    fn complete(&mut self, at: usize, check: Arc<Check>) -> Option<Arc<Check>> {
        let fact =
            |source: &Source| self.outcomes[*self.index.get(&source.check)?].as_ref()?.evidence.facts.get(&source.fact);
        match check.completed(fact) {
            None => return Some(check),
            Some(Ok(ready)) => self.lines[at].check = Some(Arc::new(ready)),
            Some(Err(reason)) => {
                let mut outcome = Outcome::skipped(check.id.clone(), check.title.clone(), reason, None);
                outcome.verdict = Verdict::Error;
                outcome.evidence.asked = check.question.asked();
                self.settle(at, outcome);
                return None;
            }
        }
        self.lines[at].check.clone()
    }

    fn readiness(&self, check: &Check) -> Readiness {
        if let Some(root) = self.dead_root(&check.id.node).filter(|_| self.is_asked_everywhere(&check.id.node)) {
            return Readiness::Skip(dead::reason(root), root.id.clone());
        }
        for need in &check.needs {
            let Some(outcome) = self.index.get(need).map(|at| self.outcomes[*at].as_ref()) else { continue };
            match outcome {
                None => return Readiness::Waits,
                Some(outcome) if outcome.verdict == Verdict::Pass => {}
                Some(outcome) => {
                    let cause = outcome.cause.clone().unwrap_or_else(|| need.clone());
                    return Readiness::Skip(unmet(need, outcome), cause);
                }
            }
        }
        Readiness::Ready
    }

    /// Whether every component of a node had its chance to show that the node lives.
    fn is_asked_everywhere(&self, node: &Arc<str>) -> bool {
        let mut components: HashMap<usize, bool> = HashMap::new();
        for &at in self.nodes.get(node).into_iter().flatten() {
            let Line { check: Some(_), group, .. } = &self.lines[at] else { continue };
            let asked = self.outcomes[at].as_ref().is_some_and(|outcome| outcome.attempts > 0);
            let over = self.groups[*group].open.is_empty() && !self.groups[*group].busy;
            *components.entry(*group).or_default() |= asked || over;
        }
        components.values().all(|asked| *asked)
    }

    fn dead_root(&self, node: &Arc<str>) -> Option<&Outcome> {
        dead::root(self.nodes.get(node)?.iter().filter_map(|at| self.outcomes[*at].as_ref()))
    }

    /// The answer to the same question, if this component was asked it in this round.
    fn asked_already(&self, group: usize, check: &Check) -> Option<Asked> {
        let same = |(other, _): &&(usize, Asked)| {
            !check.canary
                && self.lines[*other].check.as_ref().is_some_and(|other| other.question.is_same(&check.question))
        };
        let asked = self.groups[group].answers.iter().find(same).map(|(_, asked)| asked.clone())?;
        // What is worth waiting for is not settled by an answer that came too early.
        let settles = check.wait.is_none() || asked.passes(check);
        // The time was taken by the check that asked.
        settles.then_some(Asked { took: Duration::ZERO, ..asked })
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, at: usize, asked: Asked) {
        self.judge(at, &asked);
        let group = &mut self.groups[self.lines[at].group];
        group.busy = false;
        group.answers.push((at, asked));
    }

    /// Takes in that the asking of a check broke down: a mistake of ours.
    pub(super) fn broken(&mut self, at: usize) {
        let answer = Err(ProbeError::Local(
            "the probe broke down: this is a mistake in infra-verify, please report it".to_owned(),
        ));
        self.answered(
            at,
            Asked { answer, attempts: 1, started: SystemTime::now(), took: Duration::ZERO, excuse: None },
        );
    }

    fn judge(&mut self, at: usize, asked: &Asked) {
        let Some(check) = self.lines[at].check.clone() else { return };
        let (mut verdict, mut reason, mut evidence) = judge(&check, asked.answer.clone());
        if let Some(excuse) = &asked.excuse {
            (verdict, reason, evidence.failure) = (Verdict::Skip, Some(excuse.clone()), None);
        }
        let cause = self.explains_absence(&check, verdict, &evidence);
        if let Some(cause) = &cause {
            (verdict, reason) = (Verdict::Skip, Some(format!("there is nothing to judge, as {cause} found")));
        }
        let mut outcome = Outcome {
            id: check.id.clone(),
            title: check.title.clone(),
            verdict,
            reason,
            cause,
            evidence,
            attempts: asked.attempts,
            started: asked.started,
            took: asked.took,
            // It mends the target, not what keeps us from looking.
            fix: check.fix.clone().filter(|_| matches!(verdict, Verdict::Fail | Verdict::Warn)),
        };
        if let Some(earlier) = &self.earlier[at] {
            outcome.attempts += earlier.attempts;
            outcome.took += earlier.took;
            outcome.started = earlier.started.min(outcome.started);
        }
        if outcome.verdict == Verdict::Pass && outcome.attempts > 1 {
            outcome.reason = Some(format!("passed on attempt {}", outcome.attempts));
        }
        self.settle(at, outcome);
    }

    /// The failed check that says already why every fact that was missed is absent.
    fn explains_absence(&self, check: &Check, verdict: Verdict, evidence: &Evidence) -> Option<CheckId> {
        let mut broken = evidence.findings.iter().filter(|finding| !finding.holds).peekable();
        if verdict == Verdict::Pass || broken.peek().is_none() || broken.any(|finding| finding.actual.is_some()) {
            return None;
        }
        let explaining = self.outcomes[*self.index.get(check.absence.as_ref()?)?].as_ref()?;
        (explaining.verdict == Verdict::Fail).then(|| explaining.id.clone())
    }

    fn settle(&mut self, at: usize, outcome: Outcome) {
        self.outcomes[at] = Some(outcome);
        self.news.push(at);
    }

    /// What has come out since this was asked last.
    pub(super) fn settled(&mut self) -> impl Iterator<Item = &Outcome> {
        std::mem::take(&mut self.news).into_iter().filter_map(|at| self.outcomes[at].as_ref())
    }

    /// Lets one failure speak for each dead node, and each skip name the failure at its root.
    pub(super) fn bury(&mut self) {
        let dead: Vec<_> = self
            .nodes
            .keys()
            .filter_map(|node| self.dead_root(node).map(|root| (node.clone(), root.id.clone(), dead::reason(root))))
            .collect();
        for (node, root, reason) in dead {
            for &at in &self.nodes[&node] {
                let Some(outcome) = &mut self.outcomes[at] else { continue };
                if dead::follows(outcome) && outcome.id != root {
                    outcome.verdict = Verdict::Skip;
                    outcome.reason = Some(reason.clone());
                    outcome.cause = Some(root.clone());
                    outcome.fix = None;
                }
            }
        }
        self.spare_blocked_pings();
        for at in 0..self.outcomes.len() {
            let Some(root) = self.root_cause(at) else { continue };
            if let Some(outcome) = &mut self.outcomes[at] {
                outcome.cause = Some(root);
            }
        }
    }

    /// Makes a warning of a ping that nothing answered on a node that answers otherwise: a firewall may do that.
    fn spare_blocked_pings(&mut self) {
        for lines in self.nodes.values() {
            if !dead::lives(lines.iter().filter_map(|at| self.outcomes[*at].as_ref())) {
                continue;
            }
            for at in lines {
                let Some(outcome) = &mut self.outcomes[*at] else { continue };
                let silent = matches!(outcome.evidence.failure, Some(Failure::Silent));
                if silent && dead::is_ping(outcome) && outcome.verdict == Verdict::Fail {
                    outcome.verdict = Verdict::Warn;
                    let reason = outcome.reason.take().unwrap_or_default();
                    outcome.reason =
                        Some(format!("{reason}, though the node answers otherwise: is ICMP blocked on the way?"));
                    outcome.fix = None;
                }
            }
        }
    }

    /// The end of the chain of causes; needs have no circles, so it ends.
    fn root_cause(&self, at: usize) -> Option<CheckId> {
        let mut root = self.outcomes[at].as_ref()?.cause.clone()?;
        while let Some(next) = self.index.get(&root).and_then(|at| self.outcomes[*at].as_ref()?.cause.clone()) {
            root = next;
        }
        Some(root)
    }

    /// How many checks do not pass that may when they are asked again.
    pub(super) fn failures(&self) -> usize {
        (0..self.lines.len()).filter(|at| self.is_worth_asking(*at)).count()
    }

    fn is_worth_asking(&self, at: usize) -> bool {
        let again =
            |check: &Arc<Check>, outcome: &Outcome| is_pending(outcome) && !(check.once && outcome.attempts > 0);
        matches!((&self.lines[at].check, &self.outcomes[at]), (Some(check), Some(outcome)) if again(check, outcome))
    }

    /// Opens again what did not pass.
    pub(super) fn reopen(&mut self) {
        for group in &mut self.groups {
            group.answers.clear();
        }
        for at in 0..self.lines.len() {
            if self.is_worth_asking(at) {
                self.earlier[at] = self.outcomes[at].take();
                self.groups[self.lines[at].group].open.push_back(at);
            }
        }
    }

    /// Gives everything that is still open an outcome; what was answered in an earlier round keeps that.
    pub(super) fn abandon(&mut self, interruption: Interruption, deadline: Duration) {
        for at in 0..self.lines.len() {
            if self.outcomes[at].is_some() {
                continue;
            }
            let outcome = self.earlier[at]
                .take()
                .or_else(|| self.lines[at].check.as_ref().map(|check| unasked(check, interruption, deadline)));
            self.outcomes[at] = outcome;
        }
        self.bury();
    }

    /// Every outcome, in plan order.
    pub(super) fn finish(self) -> Vec<Outcome> {
        // It cannot be, so it must not look like a skip.
        let lost = |line: &Line| {
            let reason = "was never asked: this is a mistake in infra-verify, please report it".to_owned();
            let title = line.check.as_ref().map(|check| check.title.clone()).unwrap_or_default();
            Outcome { verdict: Verdict::Error, ..Outcome::skipped(line.id.clone(), title, reason, None) }
        };
        self.lines.iter().zip(self.outcomes).map(|(line, outcome)| outcome.unwrap_or_else(|| lost(line))).collect()
    }
}

/// Why a check is skipped whose need did not pass.
fn unmet(need: &CheckId, outcome: &Outcome) -> String {
    match (outcome.verdict, &outcome.reason) {
        (Verdict::Skip, Some(reason)) => format!("needs {need}, which was skipped: {reason}"),
        (verdict, _) => format!("needs {need}: {verdict}"),
    }
}

/// The outcome of a check that was not reached: not looked at is an error where we ran out of time ourselves.
fn unasked(check: &Check, interruption: Interruption, deadline: Duration) -> Outcome {
    let (verdict, reason) = match interruption {
        Interruption::Deadline => {
            let time = humantime::format_duration(deadline);
            (Verdict::Error, format!("not answered within the run's deadline of {time}: give it more with --deadline"))
        }
        Interruption::Signal(_) => (Verdict::Skip, "interrupted".to_owned()),
    };
    let mut outcome = Outcome::skipped(check.id.clone(), check.title.clone(), reason, None);
    outcome.verdict = verdict;
    outcome.evidence = Evidence { asked: check.question.asked(), ..Evidence::default() };
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Question;
    use crate::expect::{Expectation, Matcher};
    use crate::probe::Probe;

    #[test]
    fn a_check_that_was_never_asked_is_an_error_and_no_skip() {
        let fields = [("connect".to_owned(), "127.0.0.1:1".into())];
        let check = Check {
            id: CheckId::new("infra-1", "grafana", "port"),
            title: "accepts connections".to_owned(),
            severity: crate::check::Severity::Fail,
            needs: Vec::new(),
            absence: None,
            vantage: Vec::new(),
            once: false,
            question: Question::Ready(Probe::new("tcp", fields.into_iter().collect()).unwrap()),
            expect: vec![Expectation { fact: "open".to_owned(), matcher: Matcher::Present }],
            never: None,
            canary: false,
            timeout: Duration::from_secs(1),
            wait: None,
            fix: None,
            look: Vec::new(),
        };
        let outcomes = Board::new(vec![Planned::Check(Box::new(check))]).finish();
        assert_eq!(outcomes.iter().map(|outcome| outcome.verdict).collect::<Vec<_>>(), [Verdict::Error]);
    }
}
