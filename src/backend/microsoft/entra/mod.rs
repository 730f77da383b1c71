//! Directory roles: their URLs and quirks.

pub(super) mod read;
