//! Directory roles: their URLs and quirks.

pub(super) mod read;
pub(super) mod role_ids;
