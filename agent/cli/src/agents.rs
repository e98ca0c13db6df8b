//! Agents by name, as `--agent` has them.

use std::sync::Arc;

use anyhow::Result;
use glim_agent::policy::{Policy, from_spec};

use crate::arguments::AgentArguments;

/// The policy that was asked for, ready for so many episodes at once.
pub(crate) async fn policy(arguments: &AgentArguments, episodes: usize) -> Result<Arc<dyn Policy>> {
    match arguments.agent.strip_prefix("local:") {
        Some(folder) => local(folder, arguments, episodes).await,
        None => Ok(from_spec(&arguments.agent)?),
    }
}

#[cfg(feature = "torch")]
async fn local(folder: &str, arguments: &AgentArguments, episodes: usize) -> Result<Arc<dyn Policy>> {
    if folder.is_empty() {
        anyhow::bail!("say which checkpoint: `local:DIR`");
    }
    let folder = std::path::Path::new(folder);
    Ok(Arc::new(crate::local::Local::start(folder, &arguments.device, episodes).await?))
}

#[cfg(not(feature = "torch"))]
async fn local(_folder: &str, _arguments: &AgentArguments, _episodes: usize) -> Result<Arc<dyn Policy>> {
    crate::no_model::say_so("`--agent local:DIR`")
}
