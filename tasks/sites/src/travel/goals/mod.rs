//! Goals on the booking site.

use std::sync::Arc;

use glim_tasks::TaskFamily;

/// All families, questions first.
pub(crate) fn families() -> Vec<Arc<dyn TaskFamily>> {
    vec![]
}
