//! Azure Resource Manager, as clients use it.

mod assigning;
mod habits;
mod policies;
mod surroundings;
mod valid_bodies;
