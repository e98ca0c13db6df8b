//! Which side of the split a site is on. Sites are whole: no page of one that was trained on is used to validate.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::seed::{hash, unit};

/// A side of the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Trained on.
    Train,
    /// Never trained on.
    Validation,
}

impl Split {
    /// Both, in order.
    pub const ALL: [Split; 2] = [Split::Train, Split::Validation];

    /// `train` or `validation`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
        }
    }

    /// By the beginning of a file's name; files of no known side are for training.
    pub(super) fn of_file(path: &Path) -> Split {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("validation") || name.starts_with("test") { Split::Validation } else { Split::Train }
    }
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How the sides are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitRule {
    /// By a hash of the site: see [`split_of`].
    Share {
        /// Of all sites, 0..=1.
        validation_share: f64,
        /// Another one gives another split.
        seed: u64,
    },
    /// These sites are for validation, all others for training.
    Sites(BTreeSet<String>),
}

impl SplitRule {
    /// The side that a site is on.
    pub fn split(&self, site: &str) -> Split {
        match self {
            SplitRule::Share { validation_share, seed } => split_of(site, *validation_share, *seed),
            SplitRule::Sites(sites) if sites.contains(site) => Split::Validation,
            SplitRule::Sites(_) => Split::Train,
        }
    }
}

/// The side that a site is on: the same on every machine, whatever other sites there are. A larger share keeps all sites
/// on the validation side that were there.
pub fn split_of(site: &str, validation_share: f64, seed: u64) -> Split {
    if unit(hash(seed, &site.to_ascii_lowercase())) < validation_share { Split::Validation } else { Split::Train }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_the_same_everywhere() {
        let validation = |seed| {
            let sites = (0..20).map(|at| format!("site{at}.test"));
            sites.filter(|site| split_of(site, 0.2, seed) == Split::Validation).collect::<Vec<_>>()
        };
        assert_eq!(validation(0), ["site4.test", "site5.test", "site9.test", "site11.test"]);
        assert_eq!(validation(1), ["site1.test", "site2.test", "site3.test", "site10.test", "site16.test"]);
        assert_eq!(split_of("A.Test", 0.5, 3), split_of("a.test", 0.5, 3));
    }

    #[test]
    fn the_share_is_about_what_was_asked_for_and_its_ends_are_exact() {
        let count = |share| {
            let sites = (0..2000).map(|at| format!("site{at}.test"));
            sites.filter(|site| split_of(site, share, 9) == Split::Validation).count()
        };
        assert_eq!(count(0.0), 0);
        assert_eq!(count(1.0), 2000);
        assert!((150..250).contains(&count(0.1)), "{}", count(0.1));
    }

    #[test]
    fn listed_sites_are_for_validation() {
        let rule = SplitRule::Sites(["a.test".to_owned()].into());
        assert_eq!([rule.split("a.test"), rule.split("b.test")], [Split::Validation, Split::Train]);
    }
}
