//! The backend of a live tenant, against the emulator.

mod cli;
mod differential;
mod doctor;
mod execute;
mod faults;
mod gone;
mod live;
mod read;
mod rows;
mod unasked;
mod validate;
