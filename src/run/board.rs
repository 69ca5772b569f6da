//! The state of a run: what is open, what is under way, what has come out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::again::{Prospect, was_tried};
use super::ask::Asked;
use super::{Interruption, dead};
use crate::check::{Check, CheckId, Evidence, Outcome, Source, Verdict};
use crate::plan::Planned;
use crate::probe::ProbeError;

/// A planned check; one of which it is known what comes of it has nothing to ask.
pub(super) struct Line {
    pub(super) id: CheckId,
    pub(super) check: Option<Arc<Check>>,
    pub(super) group: usize,
}

/// The checks of one component on one node.
#[derive(Default)]
pub(super) struct Group {
    pub(super) open: VecDeque<usize>,
    busy: bool,
    /// What was asked in this round already, and the line that asked it.
    pub(super) answers: Vec<(usize, Asked)>,
}

/// Every planned check and what has become of it.
pub(super) struct Board {
    /// How long what may pass soon is asked again; nothing keeps every check from waiting.
    pub(super) wait: Duration,
    pub(super) lines: Vec<Line>,
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// What came out in an earlier round of what is asked again.
    pub(super) earlier: Vec<Option<Outcome>>,
    /// What may become of what was answered.
    pub(super) prospects: Vec<Prospect>,
    /// Answers that are to be compared with those of other nodes, until these have come.
    pub(super) held: BTreeMap<usize, Asked>,
    pub(super) index: HashMap<CheckId, usize>,
    pub(super) groups: Vec<Group>,
    pub(super) nodes: BTreeMap<Arc<str>, Vec<usize>>,
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
            wait: Duration::ZERO,
            lines: Vec::new(),
            outcomes: Vec::new(),
            earlier: Vec::new(),
            prospects: Vec::new(),
            held: BTreeMap::new(),
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
                Planned::Known(outcome) => (None, Some(*outcome)),
            };
            match &outcome {
                None => board.groups[group].open.push_back(at),
                Some(_) => board.news.push(at),
            }
            board.lines.push(Line { id, check, group });
            board.outcomes.push(outcome);
            board.earlier.push(None);
            board.prospects.push(Prospect::None);
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
            self.compare();
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
                    self.take(at, asked);
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
        self.turn(check)
    }

    /// Whether it is the turn of a check that is asked on one node after the other.
    fn turn(&self, check: &Check) -> Readiness {
        for earlier in &check.after {
            let Some(outcome) = self.index.get(earlier).map(|at| self.outcomes[*at].as_ref()) else { continue };
            match outcome {
                None => return Readiness::Waits,
                Some(outcome) if outcome.verdict != Verdict::Pass && was_tried(outcome) => {
                    return Readiness::Skip(
                        format!("tried on {} already: {}", earlier.node, outcome.verdict),
                        earlier.clone(),
                    );
                }
                Some(_) => {}
            }
        }
        Readiness::Ready
    }

    /// Whether every component of a node had its chance to show that the node lives; an answer that is held back does.
    fn is_asked_everywhere(&self, node: &Arc<str>) -> bool {
        let mut components: HashMap<usize, bool> = HashMap::new();
        for &at in self.nodes.get(node).into_iter().flatten() {
            let Line { check: Some(_), group, .. } = &self.lines[at] else { continue };
            if self.held.contains_key(&at) {
                return false;
            }
            let asked = self.outcomes[at].as_ref().is_some_and(|outcome| outcome.attempts > 0);
            let over = self.groups[*group].open.is_empty() && !self.groups[*group].busy;
            *components.entry(*group).or_default() |= asked || over;
        }
        components.values().all(|asked| *asked)
    }

    pub(super) fn dead_root(&self, node: &Arc<str>) -> Option<&Outcome> {
        dead::root(self.nodes.get(node)?.iter().filter_map(|at| self.outcomes[*at].as_ref()))
    }

    /// The answer to the same question, if this component was asked it in this round.
    fn asked_already(&self, group: usize, check: &Check) -> Option<Asked> {
        let same = |(other, _): &&(usize, Asked)| {
            !check.canary
                && self.lines[*other].check.as_ref().is_some_and(|other| other.question.is_same(&check.question))
        };
        let asked = self.groups[group].answers.iter().rfind(same).map(|(_, asked)| asked.clone())?;
        // An answer that came too early settles nothing; one that was waited for as long does.
        let settles = asked.took >= self.own_wait(check) || asked.passes(check);
        // The time was taken by the check that asked.
        settles.then_some(Asked { took: Duration::ZERO, ..asked })
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, at: usize, asked: Asked) {
        let group = &mut self.groups[self.lines[at].group];
        group.busy = false;
        group.answers.push((at, asked.clone()));
        self.take(at, asked);
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

    pub(super) fn settle(&mut self, at: usize, outcome: Outcome) {
        self.outcomes[at] = Some(outcome);
        self.news.push(at);
    }

    /// What has come out since this was asked last.
    pub(super) fn settled(&mut self) -> impl Iterator<Item = &Outcome> {
        std::mem::take(&mut self.news).into_iter().filter_map(|at| self.outcomes[at].as_ref())
    }

    /// Gives everything that is still open an outcome; what was answered in an earlier round keeps that.
    pub(super) fn abandon(&mut self, interruption: Interruption, deadline: Duration) {
        self.release();
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
            in_turn: false,
            after: Vec::new(),
            peers: Vec::new(),
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
