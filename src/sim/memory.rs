//! What was written to a node's components: enough of it to be read back, and only as long as the estate runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::value::Value;

/// Things of one kind that are kept: far more than a run writes.
const KEPT: usize = 1000;

/// The memory of a node.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Written>);

/// What was written, by who keeps it.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Samples of VictoriaMetrics.
    pub(super) samples: Vec<Sample>,
    /// Lines of VictoriaLogs.
    pub(super) lines: Vec<Line>,
    /// Spans of VictoriaTraces.
    pub(super) spans: Vec<Span>,
    /// Alerts of Alertmanager, as they were sent.
    pub(super) alerts: Vec<Value>,
    /// Silences of Alertmanager, with the name that each was given.
    pub(super) silences: Vec<(String, Value)>,
}

/// A sample of a series.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) labels: Value,
    pub(super) value: f64,
    /// Milliseconds since 1970.
    pub(super) time: i64,
}

/// A line of a log.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The labels of its stream.
    pub(super) stream: Vec<(String, String)>,
    pub(super) message: String,
    /// As RFC 3339 writes it.
    pub(super) time: String,
}

/// A span of a trace.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) service: String,
    /// When it began, in nanoseconds since 1970.
    pub(super) start: u64,
}

impl Memory {
    /// What was written, for as long as the guard is held.
    pub(super) fn open(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds to a list, from which the oldest falls when it is full.
pub(super) fn remember<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= KEPT {
        list.remove(0);
    }
    list.push(item);
}
