//! Answers → outcomes: each is judged by itself, or beside those of other nodes once they have come.
//!
//! What other outcomes say of one is added here: that it was tried before, or that another check explains it.

use super::again::Prospect;
use super::ask::Asked;
use super::board::Board;
use crate::check::{Check, CheckId, Evidence, Outcome, Verdict, contradiction, judge};
use crate::expect::{Matcher, Vote};
use crate::pigsty;

impl Board {
    /// Takes an answer in; one that is to be compared with those of other nodes is held back until they have come.
    pub(super) fn take(&mut self, at: usize, asked: Asked) {
        if asked.answer.is_ok() && self.lines[at].check.as_ref().is_some_and(|check| check.compares()) {
            self.held.insert(at, asked);
        } else {
            self.judge(at, &asked, &[]);
        }
    }

    /// Judges what is held back and waits for nothing any more.
    pub(super) fn compare(&mut self) {
        let due = self.held.keys().copied().filter(|at| self.peers(*at).all(|peer| self.has_come(peer))).collect();
        self.judge_together(due);
    }

    /// Judges all that is held back with what there is; says whether there was any.
    pub(super) fn release(&mut self) -> bool {
        let due: Vec<_> = self.held.keys().copied().collect();
        let any = !due.is_empty();
        self.judge_together(due);
        any
    }

    fn judge_together(&mut self, due: Vec<usize>) {
        // All votes are taken before the first is judged.
        let votes: Vec<_> = due.iter().map(|at| self.votes(*at)).collect();
        for (at, votes) in due.into_iter().zip(votes) {
            if let Some(asked) = self.held.remove(&at) {
                self.judge(at, &asked, &votes);
            }
        }
    }

    /// The same check on the other nodes.
    pub(super) fn peers(&self, at: usize) -> impl Iterator<Item = usize> {
        let peers = self.lines[at].check.iter().flat_map(|check| &check.peers);
        peers.filter_map(|peer| self.index.get(peer).copied())
    }

    fn has_come(&self, at: usize) -> bool {
        self.held.contains_key(&at) || self.outcomes[at].is_some()
    }

    /// What all nodes have to say of a check, in plan order; one that fails it on its own has no vote.
    fn votes(&self, at: usize) -> Vec<Vote> {
        let mut all: Vec<_> = self.peers(at).chain([at]).collect();
        all.sort_unstable();
        all.into_iter().filter_map(|at| self.vote(at)).collect()
    }

    fn vote(&self, at: usize) -> Option<Vote> {
        let check = self.lines[at].check.as_ref()?;
        let facts = match (self.held.get(&at), &self.outcomes[at]) {
            (Some(asked), _) => asked.answer.clone().ok()?,
            (None, Some(outcome)) if !outcome.evidence.findings.is_empty() => outcome.evidence.facts.clone(),
            _ => return None,
        };
        check.is_fit(&facts).then(|| Vote { node: check.id.node.clone(), facts })
    }

    fn judge(&mut self, at: usize, asked: &Asked, votes: &[Vote]) {
        let Some(check) = self.lines[at].check.clone() else { return };
        self.prospects[at] = Prospect::of(&asked.answer);
        let (mut verdict, mut reason, mut evidence) = judge(&check, asked.answer.clone(), votes);
        if suspect(&check, &mut evidence) {
            reason = contradiction(&evidence.findings);
        }
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
        // What passed before and was asked again for the sake of others is judged anew.
        if let Some(earlier) = self.earlier[at].as_ref().filter(|earlier| earlier.verdict != Verdict::Pass) {
            outcome.attempts += earlier.attempts;
            outcome.took += earlier.took;
            outcome.started = earlier.started.min(outcome.started);
        }
        if outcome.verdict == Verdict::Pass {
            let alone = check.compares() && !check.peers.is_empty() && votes.len() < 2;
            let notes = [
                (outcome.attempts > 1).then(|| format!("passed on attempt {}", outcome.attempts)),
                alone.then(|| "there was no other node to compare it with".to_owned()),
                outcome.reason.take(),
            ];
            let notes: Vec<_> = notes.into_iter().flatten().collect();
            outcome.reason = (!notes.is_empty()).then(|| notes.join("; "));
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
}

/// Adds to each list of targets that is not as expected where that probably comes from; says whether there was any.
fn suspect(check: &Check, evidence: &mut Evidence) -> bool {
    let mut any = false;
    for (expectation, finding) in check.expect.iter().zip(&mut evidence.findings).filter(|(_, finding)| !finding.holds)
    {
        if let (Matcher::Same(expected), Some(actual)) = (&expectation.matcher, &finding.actual) {
            finding.suspicion = pigsty::suspect(expected, actual);
            any |= finding.suspicion.is_some();
        }
    }
    any
}
