//! Policy as code for Privileged Identity Management.

use std::process::ExitCode;

fn main() -> ExitCode {
    pimform::backend::microsoft::tls::install();
    pimform::cli::run(std::env::args_os()).into()
}
