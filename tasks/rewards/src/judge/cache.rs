//! Verdicts that were paid for, kept on the disk by what was asked.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest::{Context, SHA256, digest};
use serde_json::json;

use super::vote::{self, Scale, Vote};
use crate::config::JudgeSettings;

/// Raised when the meaning of what is stored changes.
const FORM: u32 = 1;

/// A folder of verdicts, one file each. It may be shared by processes, and deleted at any time.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    parts: AtomicU64,
}

/// The folder of a cache cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cache `{path}` cannot be made: {reason}", path = .path.display())]
pub struct CacheError {
    /// The folder.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// What was asked: the SHA-256 of model, server, settings, demanded form, prompt and picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// Of one vote.
    pub(super) fn of(
        settings: &JudgeSettings,
        scale: Scale,
        number: u32,
        prompt: &str,
        image: Option<&Arc<[u8]>>,
    ) -> Key {
        let asked = json!({
            "form": FORM,
            "model": settings.model,
            "url": settings.url,
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "vote": number,
            "demanded": vote::demanded(scale),
            "prompt": prompt,
        });
        let mut context = Context::new(&SHA256);
        context.update(asked.to_string().as_bytes());
        if let Some(image) = image {
            context.update(digest(&SHA256, image).as_ref());
        }
        Key(context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Cache {
    /// A cache in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> Result<Cache, CacheError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| CacheError { path: folder.to_owned(), reason: error.to_string() })?;
        Ok(Cache { folder: folder.to_owned(), parts: AtomicU64::new(0) })
    }

    /// The vote that was kept, if it is there and whole.
    pub(super) async fn read(&self, key: Key) -> Option<Vote> {
        let file = tokio::fs::read(self.path(key)).await.ok()?;
        let vote: Vote = serde_json::from_slice(&file).ok()?;
        (0.0..=1.0).contains(&vote.score).then_some(vote)
    }

    /// Keeps a vote. A file has its name only when all of it is written; a vote that cannot be kept is asked for again.
    pub(super) async fn write(&self, key: Key, vote: &Vote) {
        let path = self.path(key);
        let part = self.parts.fetch_add(1, Ordering::Relaxed);
        let mut name = key.to_string();
        let _ = write!(name, ".{}.{part}.part", std::process::id());
        let part = path.with_file_name(name);
        let text = serde_json::to_string(vote).expect("a vote is plain data");
        let written = async {
            if let Some(folder) = path.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            tokio::fs::write(&part, text).await?;
            tokio::fs::rename(&part, &path).await
        };
        if let Err(error) = written.await {
            tracing::warn!(path = %path.display(), %error, "a verdict could not be kept");
            let _ = tokio::fs::remove_file(&part).await;
        }
    }

    /// Folders of 256, so that none grows too large to list.
    fn path(&self, key: Key) -> PathBuf {
        let name = key.to_string();
        self.folder.join(&name[..2]).join(name + ".json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(settings: &JudgeSettings, prompt: &str, image: Option<&[u8]>) -> Key {
        Key::of(settings, Scale::Binary, 0, prompt, image.map(Arc::from).as_ref())
    }

    #[test]
    fn whatever_changes_a_verdict_changes_the_key() {
        let settings = JudgeSettings { model: "glm".to_owned(), ..JudgeSettings::default() };
        let other = |change: fn(&mut JudgeSettings)| {
            let mut other = settings.clone();
            change(&mut other);
            key(&other, "p", None)
        };
        let keys = [
            key(&settings, "p", None),
            key(&settings, "q", None),
            key(&settings, "p", Some(b"a")),
            key(&settings, "p", Some(b"b")),
            other(|judge| judge.model.push('2')),
            other(|judge| judge.url.push('2')),
            other(|judge| judge.temperature = 0.5),
            other(|judge| judge.max_tokens = 1),
            Key::of(&settings, Scale::Binary, 1, "p", None),
            Key::of(&settings, Scale::Graded, 0, "p", None),
        ];
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
        // What does not change a verdict does not either.
        assert_eq!(other(|judge| judge.tries = 9), keys[0]);
    }

    #[tokio::test]
    async fn a_vote_comes_back_and_a_broken_file_is_no_vote() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let key = key(&JudgeSettings::default(), "p", None);
        assert_eq!(cache.read(key).await, None);
        let vote = Vote { score: 1.0, reason: "the same".to_owned() };
        cache.write(key, &vote).await;
        assert_eq!(cache.read(key).await, Some(vote.clone()));
        for broken in ["", "{\"score\": 1.0, \"rea", "{\"score\": 7.0, \"reason\": \"r\"}", "null"] {
            std::fs::write(cache.path(key), broken).unwrap();
            assert_eq!(cache.read(key).await, None, "{broken}");
        }
        cache.write(key, &vote).await;
        assert_eq!(cache.read(key).await, Some(vote));
        let left = std::fs::read_dir(cache.path(key).parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "no part is left");
    }
}
