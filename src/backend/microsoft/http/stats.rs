//! What was sent and received.

/// What was sent and received so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent, repeats included. A batch is one.
    pub calls: u64,
    /// Bytes of the bodies of the answers, after decompression.
    pub bytes: u64,
    /// Answers that asked us to slow down, those inside batches included.
    pub throttled: u64,
    /// Requests that were sent again, for whatever reason, those inside batches included.
    pub repeated: u64,
}
