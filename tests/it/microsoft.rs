//! The backend of a live tenant, against the emulator.

mod cli;
mod differential;
mod execute;
mod faults;
mod live;
mod read;
