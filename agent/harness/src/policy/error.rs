//! Failures of a policy: the episode is void, it is not the agent's mistake.

/// A policy could not reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The server could not be reached, or broke the connection, at every try.
    #[error("the model server `{server}` could not be reached in {tries} tries: {reason}; is it running?")]
    Unreachable {
        /// Its base URL.
        server: String,
        /// How often it was tried.
        tries: u32,
        /// The last cause.
        reason: String,
    },
    /// The server asked to slow down at every try.
    #[error("the model server `{server}` still limits the rate after {tries} tries: {reason}; lower the concurrency")]
    RateLimited {
        /// Its base URL.
        server: String,
        /// How often it was tried.
        tries: u32,
        /// What it said.
        reason: String,
    },
    /// The server failed at every try.
    #[error("the model server `{server}` failed with status {status} in {tries} tries: {reason}")]
    Server {
        /// Its base URL.
        server: String,
        /// Status of the last answer.
        status: u16,
        /// How often it was tried.
        tries: u32,
        /// What it said.
        reason: String,
    },
    /// The server refused the key (401 or 403).
    #[error("the model server `{server}` refused the key with status {status}; check the variable `{variable}`")]
    KeyRefused {
        /// Its base URL.
        server: String,
        /// 401 or 403.
        status: u16,
        /// The environment variable that the key is read from.
        variable: &'static str,
    },
    /// The server understood the request and refused it: unknown model, prompt too long, pictures not taken.
    #[error("the model server `{server}` refused the request with status {status}: {reason}")]
    Rejected {
        /// Its base URL.
        server: String,
        /// Status of the answer.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// No reply came in time, at every try.
    #[error("the model server `{server}` did not reply within {limit_ms} ms in {tries} tries")]
    Timeout {
        /// Its base URL.
        server: String,
        /// The limit of one try, in milliseconds.
        limit_ms: u64,
        /// How often it was tried.
        tries: u32,
    },
    /// The reply is not one of the protocol.
    #[error("the model server `{server}` gave a reply that cannot be read: {reason}")]
    BadReply {
        /// Its base URL.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A screenshot could not be made into a picture of the prompt.
    #[error("the screenshot could not be put into the prompt: {reason}")]
    Picture {
        /// Why.
        reason: String,
    },
    /// The prompt does not fit into what the model reads.
    #[error(
        "the prompt has {prompt} tokens, and `{policy}` reads {context} at the most, its reply included; show it a \
         smaller page"
    )]
    TooLong {
        /// Its name.
        policy: String,
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens of prompt and reply together at the most.
        context: usize,
    },
    /// The engine of a local model refused or lost one request; others may still succeed.
    #[error("`{policy}` could not reply: {reason}")]
    Engine {
        /// Its name.
        policy: String,
        /// Why.
        reason: String,
    },
    /// The engine of a local model has ended, so nothing more is replied in this run.
    #[error("the engine of `{policy}` has ended: {reason}")]
    Dead {
        /// Its name.
        policy: String,
        /// Why.
        reason: String,
    },
    /// The policy plays from something that is missing here.
    #[error("`{policy}` cannot play: {reason}")]
    Unplayable {
        /// Its name.
        policy: String,
        /// Why.
        reason: String,
    },
}

impl PolicyError {
    /// Whether another episode would meet it too, so that the run should stop instead of trying again.
    pub fn is_permanent(&self) -> bool {
        match self {
            PolicyError::KeyRefused { .. } | PolicyError::Unplayable { .. } | PolicyError::Dead { .. } => true,
            // No such model or path, and nothing left to pay with. Others may depend on the prompt.
            PolicyError::Rejected { status, .. } => matches!(status, 402 | 404 | 429),
            _ => false,
        }
    }
}
