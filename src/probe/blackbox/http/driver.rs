//! A connection at work, within the task of its probe: nothing is left behind when that ends.
//!
//! It moves on while an answer or a piece of a body is waited for, and at no other time.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::rt::Executor;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes what HTTP/2 would have done beside.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<Work>>>);

impl Tasks {
    fn take(&self) -> Vec<Work> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, future: F) {
        let work: Work = Box::pin(async move {
            let _ = future.await;
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(work);
    }
}

/// Everything that a connection does.
pub(super) struct Driver {
    work: Vec<Work>,
    tasks: Tasks,
}

impl Driver {
    /// Drives a connection, and what it gives to the tasks.
    pub(super) fn new<E: Send>(connection: impl Future<Output = Result<(), E>> + Send + 'static, tasks: Tasks) -> Self {
        tasks.execute(connection);
        Self { work: Vec::new(), tasks }
    }

    /// Does what can be done now.
    pub(super) fn turn(&mut self, cx: &mut Context<'_>) {
        loop {
            let new = self.tasks.take();
            let idle = new.is_empty();
            self.work.extend(new);
            self.work.retain_mut(|work| work.as_mut().poll(cx).is_pending());
            if idle {
                return;
            }
        }
    }

    /// Waits for something that the connection brings.
    pub(super) async fn along<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(brought) = future.as_mut().poll(cx) {
                return Poll::Ready(brought);
            }
            self.turn(cx);
            future.as_mut().poll(cx)
        })
        .await
    }
}
