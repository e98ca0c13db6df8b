//! What a model is told and shown.

use glim_tasks::Situation;

use crate::Dialect;
use crate::agent::AgentOptions;
use crate::policy::{Part, PolicyError};

/// The standing instruction and the message for one turn.
pub(crate) async fn write(
    dialect: Dialect,
    situation: &Situation<'_>,
    options: &AgentOptions,
) -> Result<(String, Vec<Part>), PolicyError> {
    let _ = (dialect, options);
    Ok((String::new(), vec![Part::Text(situation.goal.to_owned())]))
}
