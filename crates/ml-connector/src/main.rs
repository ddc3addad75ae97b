//! The `ml-connector` program: sets up the process and hands over to the command line.

use std::process::ExitCode;

use clap::Parser;
use ml_connector::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Dropped last: what waits of the traces is sent then.
    let _traces = cli.start_log();
    // One thread does the whole of a run: the work is a chain of waits, and one thread costs the least.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(cli.execute()),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
