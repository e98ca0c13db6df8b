//! The judge: models that are asked where no rule can tell.
//!
//! A panel of one or more models, each with one or more votes, is shown question, reference and answer, and pictures where
//! the question has some. Every vote is a JSON object of a demanded form (`vote`); whatever else comes back, or does not
//! come back, is *no verdict*, which is not *wrong*. What was paid for once is kept (`cache`), and identical questions
//! that are in flight together are asked once, as the rollouts of one group often give the same answer.

use std::sync::Arc;

use futures::future::join_all;

mod cache;
mod model;
mod prompt;
#[cfg(test)]
mod tests;
mod vote;

pub use cache::{Cache, CacheError};
pub use model::{Cost, Judge, JudgeError};
pub use vote::{Ruling, Scale};

/// What a panel is to decide.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The name of the verifier whose rules left it open; some have their own criteria.
    pub verifier: &'a str,
    /// What was asked.
    pub question: &'a str,
    /// The right answer.
    pub truth: &'a str,
    /// The answer to judge.
    pub answer: &'a str,
    /// The picture that the question is about, a PNG or JPEG file.
    pub image: Option<Arc<[u8]>>,
    /// Whether anything lies between right and wrong.
    pub scale: Scale,
}

/// The judges of a domain.
#[derive(Debug, Clone)]
pub struct Panel {
    judges: Vec<Arc<Judge>>,
}

impl Panel {
    /// A panel of these judges.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(judges: Vec<Arc<Judge>>) -> Panel {
        assert!(!judges.is_empty(), "a panel has a judge");
        Panel { judges }
    }

    /// Asks all judges for all their votes at once, and counts.
    pub async fn decide(&self, question: &Question<'_>) -> Ruling {
        let prompt = prompt::write(question);
        let prompt = prompt.as_str();
        let votes = self.judges.iter().flat_map(|judge| {
            (0..judge.votes()).map(move |vote| judge.vote(prompt, question.image.as_ref(), question.scale, vote))
        });
        vote::count(question.scale, join_all(votes).await)
    }
}
