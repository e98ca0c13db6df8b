//! What is said where a model is asked for and this program was built without one.

use anyhow::{Result, bail};

/// Always an error.
pub(crate) fn say_so<T>(wanted: &str) -> Result<T> {
    bail!(
        "{wanted} needs the model, which this build does not have: it was built with --no-default-features, without \
         libtorch. Build it again with the feature `torch`, as `cargo install --locked --path agent/cli` does"
    )
}
