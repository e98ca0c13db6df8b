//! What is said where a model is asked for and this program was built without one.

use anyhow::{Result, bail};

/// Always an error.
pub(crate) fn say_so<T>(wanted: &str) -> Result<T> {
    bail!(
        "{wanted} needs a model, and this build has no model: it was made with --no-default-features, without libtorch; \
         build it again without that flag"
    )
}
