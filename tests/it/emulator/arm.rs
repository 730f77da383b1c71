//! Azure Resource Manager, as clients use it.

mod assigning;
mod policies;
mod surroundings;
