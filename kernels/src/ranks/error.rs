//! What can go wrong between ranks.

use crate::cuda::CudaError;

/// Why ranks cannot work together, or no longer can. Nothing of it is the caller's fault but the variables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RankError {
    /// A variable of the environment is missing while others are there.
    #[error(
        "`{name}` is not set although {set} is; `torchrun` sets RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT"
    )]
    Missing {
        /// Its name.
        name: &'static str,
        /// One that is set.
        set: &'static str,
    },
    /// A variable of the environment has a value that makes no sense.
    #[error("`{name}` is `{value}`, but {expected}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// The ranks did not find each other.
    #[error("rank {rank} of {size} could not meet the others at {address}{missing}: {reason}", missing = named(", where there is no ", missing))]
    Meeting {
        /// Who tells it.
        rank: usize,
        /// How many there should be.
        size: usize,
        /// Host and port.
        address: String,
        /// Those that did not come, as far as is known.
        missing: Vec<usize>,
        /// What is wrong.
        reason: String,
    },
    /// An operation did not come to its end.
    #[error(
        "`{operation}` of rank {rank} of {size} failed{unreachable}: {reason}; what that rank printed last tells why, and all ranks, in any number, can be started again from the last checkpoint",
        unreachable = named(" because there is no answer from ", unreachable)
    )]
    Lost {
        /// Which one.
        operation: &'static str,
        /// Who tells it.
        rank: usize,
        /// How many there were.
        size: usize,
        /// Those that do not answer, as far as is known.
        unreachable: Vec<usize>,
        /// What is wrong.
        reason: String,
    },
    /// An earlier operation failed, and the connections were closed.
    #[error(
        "`{operation}` cannot be done: the connections of rank {rank} of {size} were closed when an earlier operation failed"
    )]
    Closed {
        /// Which one.
        operation: &'static str,
        /// Who tells it.
        rank: usize,
        /// How many there were.
        size: usize,
    },
    /// There is no GPU to do it with.
    #[error(transparent)]
    Cuda(#[from] CudaError),
}

/// `, before rank 1`, `, before ranks 1, 2`, or nothing.
fn named(before: &str, ranks: &[usize]) -> String {
    let list: Vec<String> = ranks.iter().map(ToString::to_string).collect();
    match list.len() {
        0 => String::new(),
        1 => format!("{before}rank {}", list[0]),
        _ => format!("{before}ranks {}", list.join(", ")),
    }
}
