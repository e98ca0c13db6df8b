//! What the engine is doing, in numbers.

/// A moment of the engine. Counters only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Requests that wait for a place in the batch.
    pub queued: u64,
    /// Requests in the batch.
    pub running: u64,
    /// Replies that got a token in the last round.
    pub last_batch: u64,
    /// Tokens of all prompts that were read or copied; a counter.
    pub prompt_tokens: u64,
    /// Of those, tokens whose keys and values were there already; a counter.
    pub reused_tokens: u64,
    /// Tokens of all replies; a counter.
    pub completion_tokens: u64,
    /// Pictures whose features were there already; a counter.
    pub feature_hits: u64,
    /// Pictures whose features were computed; a counter.
    pub feature_misses: u64,
    /// Bytes of features that are kept.
    pub feature_bytes: u64,
    /// Bytes of memory for keys and values, used or not.
    pub kv_bytes: u64,
    /// Tokens, of prompts and replies, that the requests in the batch have so far.
    pub kv_tokens: u64,
}
