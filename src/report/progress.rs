//! How far a run has come, on standard error, while it runs.
//!
//! Shown on a terminal only, and gone when the run is over: what is to stay stands in a report.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text;
use crate::check::{Outcome, Verdict};

/// How many characters of a check's name fit beside the bar on 80 columns.
const NAME: usize = 36;

/// A bar that counts outcomes.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for so many checks; not enabled, or with standard error elsewhere than on a terminal, it shows nothing.
    pub fn new(total: usize, enabled: bool) -> Self {
        let target = if enabled { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target);
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {msg}");
        Self { bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─")) }
    }

    /// Counts an outcome, and names it if it is not well; the last one so named stays.
    pub fn tick(&self, outcome: &Outcome) {
        if matches!(outcome.verdict, Verdict::Fail | Verdict::Error) {
            self.bar.set_message(format!("{} {}", outcome.verdict, text::line(&outcome.id.to_string(), NAME)));
        }
        self.bar.inc(1);
    }

    /// Says something beside the bar; false if nobody sees the bar.
    pub fn say(&self, text: &str) -> bool {
        self.bar.set_message(text.to_owned());
        !self.bar.is_hidden()
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckId;

    #[test]
    fn every_outcome_is_counted_and_what_is_not_well_is_named() {
        let progress = Progress::new(2, false);
        let mut outcome =
            Outcome::skipped(CheckId::new("infra-1", "nginx", "port"), "answers".into(), "needs ping".into(), None);
        progress.tick(&outcome);
        assert_eq!((progress.bar.position(), progress.bar.message().as_str()), (1, ""));
        outcome.verdict = Verdict::Fail;
        progress.tick(&outcome);
        assert_eq!((progress.bar.position(), progress.bar.message().as_str()), (2, "fail infra-1/nginx/port"));
        progress.finish();
    }
}
