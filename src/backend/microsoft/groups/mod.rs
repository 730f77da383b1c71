//! PIM for Groups: its URLs and quirks.

pub(super) mod read;
