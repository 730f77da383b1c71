//! Policy as code for Privileged Identity Management.

fn main() {}
