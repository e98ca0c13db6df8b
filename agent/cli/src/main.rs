//! The one binary: reads the command line, puts the pieces together, says what happened.

mod arguments;
mod demo;
mod doctor;
mod eval;
mod interrupt;
mod live;
mod run;
mod site;
mod suites;
mod worlds;

use std::io::IsTerminal;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use arguments::{Arguments, Command};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("GLIM_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .without_time()
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.command {
                Command::Run(run) => run::run(run).await,
                Command::Eval(eval) => eval::eval(eval).await,
                Command::Demo(demo) => demo::demo(demo).await,
                Command::View(view) => eval::view(&view),
                Command::Site(site) => site::site(&site).await,
                Command::Doctor => doctor::doctor().await,
            }
        })
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("glim: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
