//! What a server saw of its clients that its script did not expect, and when it has seen the last of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long a server may need to notice that its client is gone; it only has to read to the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one server saw.
pub(crate) struct Witness {
    complaints: Mutex<Vec<String>>,
    /// How many connections are open.
    open: watch::Sender<usize>,
}

impl Default for Witness {
    fn default() -> Self {
        Self { complaints: Mutex::default(), open: watch::Sender::new(0) }
    }
}

/// One connection, as long as it is open.
pub(super) struct Attendance(Arc<Witness>);

impl Witness {
    /// Notes that a connection began.
    pub(super) fn attend(self: &Arc<Self>) -> Attendance {
        self.open.send_modify(|open| *open += 1);
        Attendance(Arc::clone(self))
    }

    /// Notes what a client did that it should not have done.
    pub(super) fn complain(&self, what: String) {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What was noted since the last time, once no connection is open.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let mut open = self.open.subscribe();
        if timeout(PATIENCE, open.wait_for(|open| *open == 0)).await.is_err() {
            self.complain("a connection is still open".to_owned());
        }
        std::mem::take(&mut self.complaints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}
