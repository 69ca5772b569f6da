//! One check, asked: attempts and time limits.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::check::{Check, Verdict, judge};
use crate::probe::{Facts, Failure, ProbeError};

impl Asked {
    /// Whether the answer is what the check expects.
    pub(super) fn passes(&self, check: &Check) -> bool {
        judge(check, self.answer.clone(), &[]).0 == Verdict::Pass
    }
}

/// How long to pause before a check that has a `wait` of its own is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Asks a check's question, and again while it does not pass and its own `wait` lasts: what comes after it in its
/// component may need that it was waited for, such as the removal of what it reads.
pub(super) async fn ask_for(check: &Check, timeout: Duration, wait: Duration) -> Asked {
    let clock = Instant::now();
    let mut asked = ask(check, timeout).await;
    loop {
        let left = wait.saturating_sub(clock.elapsed());
        if left.is_zero() || asked.passes(check) {
            return asked;
        }
        tokio::time::sleep(PAUSE.min(left)).await;
        let Asked { attempts, started, .. } = asked;
        let again = ask(check, timeout).await;
        asked = Asked { attempts: attempts + again.attempts, started, took: clock.elapsed(), ..again };
    }
}

/// How often a datagram is sent before silence counts: the network may drop one, and two in a row are rare.
const DATAGRAMS: u32 = 3;

/// How much longer than its timeout a probe may take before it is given up from outside.
const GRACE: Duration = Duration::from_millis(500);

/// What came of asking.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) answer: Result<Arc<Facts>, ProbeError>,
    pub(super) attempts: u32,
    pub(super) started: SystemTime,
    pub(super) took: Duration,
    /// Why silence means nothing, if it does not.
    pub(super) excuse: Option<String>,
}

/// Asks a check's question: once over a stream, up to three times in the same span over datagrams.
async fn ask(check: &Check, timeout: Duration) -> Asked {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let tries = if check.question.is_datagram() && !check.in_turn { DATAGRAMS } else { 1 };
    let mut attempts = 0;
    let answer = loop {
        attempts += 1;
        let answer = attempt(check, timeout / tries).await;
        if !is_silent(&answer) || attempts == tries {
            break answer;
        }
    };
    let excuse = is_silent(&answer).then(|| excuse(check)).flatten();
    Asked { answer: answer.map(Arc::new), attempts, started, took: clock.elapsed(), excuse }
}

fn is_silent(answer: &Result<Facts, ProbeError>) -> bool {
    matches!(answer, Err(ProbeError::Target { kind: Failure::Silent, .. }))
}

/// A service that answers some networks only says nothing of itself when it is silent towards another.
fn excuse(check: &Check) -> Option<String> {
    let source = check.question.source()?;
    let answered = check.vantage.is_empty() || check.vantage.iter().any(|network| network.contains(&source));
    let networks = || check.vantage.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!answered).then(|| format!("no answer, but it answers only {}, and this machine asks from {source}", networks()))
}

async fn attempt(check: &Check, timeout: Duration) -> Result<Facts, ProbeError> {
    // A busy witness has not been asked yet.
    let _turn = check.question.turn().await;
    tokio::time::timeout(timeout + GRACE, check.question.measure(timeout)).await.unwrap_or_else(|_| {
        let reason = format!("no answer within {}", humantime::format_duration(timeout));
        Err(ProbeError::Target { kind: Failure::Silent, reason })
    })
}
