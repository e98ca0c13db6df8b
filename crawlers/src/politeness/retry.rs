//! What is tried again, and when.

use std::time::Duration;

use crate::recipe::source::PolitenessRecipe;

/// How a server answered, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With a status.
    Status {
        /// The HTTP status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// Not in time.
    TimedOut,
    /// With a connection that broke, or none.
    Broken,
}

impl Answer {
    /// Whether another try may end better.
    pub fn may_pass(&self) -> bool {
        match self {
            Answer::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 520..=524),
            Answer::TimedOut | Answer::Broken => true,
        }
    }
}

/// How often and how patiently something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Times that it is tried again.
    pub times: u32,
    /// The first wait; each further one is twice as long.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Retry {
    /// As the recipe says.
    pub fn of(recipe: &PolitenessRecipe) -> Retry {
        Retry {
            times: recipe.retries,
            first: Duration::from_millis(recipe.retry_ms),
            longest: Duration::from_millis(recipe.longest_retry_ms),
        }
    }

    /// How long to wait before the next try, if there is to be one; `attempt` counts the tries before this one.
    pub fn wait(&self, answer: &Answer, attempt: u32) -> Option<Duration> {
        if !answer.may_pass() || attempt >= self.times {
            return None;
        }
        let backoff = self.first.saturating_mul(2_u32.saturating_pow(attempt));
        let asked = match answer {
            Answer::Status { retry_after, .. } => retry_after.unwrap_or_default(),
            Answer::TimedOut | Answer::Broken => Duration::ZERO,
        };
        Some(backoff.max(asked).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let retry = Retry { times: 4, first: Duration::from_secs(2), longest: Duration::from_secs(10) };
        let waits: Vec<_> =
            (0..6).map(|attempt| retry.wait(&Answer::TimedOut, attempt).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(2), Some(4), Some(8), Some(10), None, None]);
        let busy = |seconds| Answer::Status { status: 429, retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(retry.wait(&busy(5), 0), Some(Duration::from_secs(5)));
        assert_eq!(retry.wait(&busy(5000), 0), Some(Duration::from_secs(10)));
        for status in [200, 301, 403, 404, 410, 501] {
            assert_eq!(retry.wait(&Answer::Status { status, retry_after: None }, 0), None, "{status}");
        }
    }
}
