//! `osmia`: the program. It reads the command line, wires the other crates together and prints what people need.
//!
//! Non-goals: no rule of the protocol, no storage and no HTTP lives here.
//!
//! Invariants:
//! - A data folder has one user at a time, and a crash at any moment leaves it such that the next start goes on.
//! - Secrets are in files that only their owner reads, and printed only when they are made.
//! - Every failure is printed in one place, with its cause and the way out, and has a documented exit code.
//!
//! Threads: the main thread waits for signals and watches the node; everything else runs on the threads of the engine, the
//! API and the store. Time is read in `clock`, randomness in `keys`.

mod bench;
mod cli;
mod clock;
mod config;
mod data_folder;
mod ending;
mod exit;
mod failure;
mod files;
mod http_client;
mod keys;
mod limits;
mod logging;
mod network_file;
mod networks;
mod panics;
mod peers;
mod private_net;
mod run;
mod snapshot;
mod status;
mod stop_signal;
mod terminal;
mod tool;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::failure::Failure;

fn main() -> ExitCode {
    let ended = run(Cli::parse().command);
    let exit = ended.unwrap_or_else(|failure| {
        failure.print();
        failure.exit()
    });
    exit.into()
}

fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Config(command) => config::command::run(&command),
        Command::PrivateNet(args) => private_net::run(&args),
        Command::Snapshot(command) => snapshot::run(&command),
        Command::Status(args) => status::run(&args),
        Command::Peers(command) => peers::run(&command),
        Command::Tool(tool) => tool::run(&tool),
        Command::Bench(bench) => {
            let report = bench.run()?;
            terminal::print(&format!("{report}\n"))?;
            Ok(Exit::Success)
        }
    }
}
