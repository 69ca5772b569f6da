//! Plan → outcomes: what is asked when, how often, and for how long.
//!
//! The component on a node is the unit of concurrency: its checks are asked one after another, identical questions once.
//! Every planned check has exactly one outcome in the end, whatever interrupts the run. It judges nothing itself.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinSet;

use crate::check::Outcome;
use crate::plan::Plan;

mod again;
mod ask;
mod board;
mod burial;
mod dead;
mod hearing;
mod vantage;

use again::Patience;
use ask::Asked;
use board::Board;

/// How long what may pass soon is asked again where nobody says otherwise: a service restarts in less.
pub const WAIT: Duration = Duration::from_secs(10);

/// The first pause of `--wait`; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause of `--wait`: one scrape interval of Pigsty's VictoriaMetrics.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a plan is run.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How many checks may be under way at once.
    pub jobs: usize,
    /// How long one attempt may take, whatever the suites say.
    pub timeout: Option<Duration>,
    /// How long the whole run may take, without `wait`.
    pub deadline: Duration,
    /// How long to ask again what may pass soon; nothing asks everything once, whatever the checks say.
    pub wait: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { jobs: 64, timeout: None, deadline: Duration::from_mins(2), wait: WAIT }
    }
}

/// What cut a run short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// A signal, by its number.
    Signal(i32),
    /// The time that the whole run was given.
    Deadline,
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(number) => write!(f, "signal {number}"),
            Self::Deadline => f.write_str("deadline"),
        }
    }
}

/// A finished run.
#[derive(Debug)]
pub struct Run {
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What cut it short, if anything did.
    pub interruption: Option<Interruption>,
    /// Every planned check exactly once, in plan order.
    pub outcomes: Vec<Outcome>,
}

/// What happens while a run goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// A check has come out for the first time.
    Settled(&'a Outcome),
    /// So many checks do not pass and may yet; everything that does not pass will be asked again after a pause.
    Waiting {
        /// How many.
        checks: usize,
        /// How long until they are asked again.
        pause: Duration,
    },
}

/// Asks everything that was planned, until it is answered or `stop` says to end; `tell` hears how it goes.
pub async fn run(
    plan: Plan,
    policy: &Policy,
    stop: impl Future<Output = Interruption>,
    mut tell: impl FnMut(Event<'_>),
) -> Run {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let mut board = Board::new(plan.checks);
    board.wait = policy.wait;
    let deadline = tokio::time::sleep(policy.deadline.saturating_add(board.longest_wait()));
    let interruption = tokio::select! {
        biased;
        signal = stop => Some(signal),
        () = deadline => Some(Interruption::Deadline),
        () = ask_all(&mut board, policy, &mut tell) => None,
    };
    if let Some(interruption) = interruption {
        board.abandon(interruption, policy.deadline);
    }
    Run { started, took: clock.elapsed(), interruption, outcomes: board.finish() }
}

/// Rounds of questions: one, and more for as long as something may pass that does not.
async fn ask_all(board: &mut Board, policy: &Policy, tell: &mut impl FnMut(Event<'_>)) {
    round(board, policy, &mut |outcome| tell(Event::Settled(outcome))).await;
    // The first round is not waiting, however long it took.
    let clock = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let Patience { checks, left } = board.patience(clock.elapsed());
        if checks == 0 || left.is_zero() {
            return;
        }
        tell(Event::Waiting { checks, pause: pause.min(left) });
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        board.reopen();
        round(board, policy, &mut |_| {}).await;
    }
}

async fn round(board: &mut Board, policy: &Policy, tick: &mut impl FnMut(&Outcome)) {
    let mut under_way: JoinSet<(usize, Asked)> = JoinSet::new();
    let mut asked_by = HashMap::new();
    loop {
        let room = policy.jobs.max(1).saturating_sub(under_way.len());
        for (at, check) in board.startable(room) {
            let timeout = policy.timeout.unwrap_or(check.timeout);
            let wait = board.own_wait(&check);
            let task = under_way.spawn(async move { (at, ask::ask_for(&check, timeout, wait).await) });
            asked_by.insert(task.id(), at);
        }
        board.settled().for_each(&mut *tick);
        match under_way.join_next().await {
            Some(Ok((at, asked))) => board.answered(at, asked),
            Some(Err(error)) => asked_by.get(&error.id()).iter().for_each(|at| board.broken(**at)),
            // Nobody else will answer: what is held back for more is judged with what there is.
            None if board.release() => {}
            None => break,
        }
    }
    board.bury();
}
