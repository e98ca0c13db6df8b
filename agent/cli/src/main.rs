//! The one binary: reads the command line, puts the pieces together, says what happened.

mod agents;
mod arguments;
#[cfg(feature = "torch")]
mod checkpoint;
mod crawl;
mod data;
mod demo;
mod doctor;
mod eval;
#[cfg(feature = "torch")]
mod generate;
mod interrupt;
mod live;
#[cfg(feature = "torch")]
mod local;
#[cfg(feature = "torch")]
mod model;
#[cfg(not(feature = "torch"))]
mod no_model;
#[cfg(feature = "torch")]
mod ranks;
mod reward;
mod run;
#[cfg(feature = "torch")]
mod serve;
mod site;
mod suites;
mod tokenizer;
#[cfg(feature = "torch")]
mod train;
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
                Command::Crawl(crawl) => crawl::crawl(crawl).await,
                Command::Data(command) => data::data(&command),
                Command::Reward(reward) => reward::reward(reward).await,
                Command::Doctor => doctor::doctor().await,
                Command::Tokenizer(command) => tokenizer::tokenizer(&command),
                with_model => model_command(with_model).await,
            }
        })
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("glim: {}", in_full(&error));
            std::process::ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each of which many errors tell themselves already.
fn in_full(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(feature = "torch")]
async fn model_command(command: Command) -> anyhow::Result<std::process::ExitCode> {
    match command {
        Command::Serve(serve) => serve::serve(serve).await,
        Command::Generate(generate) => generate::generate(generate).await,
        Command::Train(command) => train::train(command).await,
        Command::Checkpoint(command) => checkpoint::checkpoint(&command),
        _ => unreachable!("the other commands need no model"),
    }
}

#[cfg(not(feature = "torch"))]
async fn model_command(command: Command) -> anyhow::Result<std::process::ExitCode> {
    let wanted = match command {
        Command::Serve(_) => "`glim serve`",
        Command::Generate(_) => "`glim generate`",
        Command::Train(_) => "`glim train`",
        Command::Checkpoint(_) => "`glim checkpoint`",
        _ => unreachable!("the other commands need no model"),
    };
    no_model::say_so(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let told = anyhow::anyhow!("it broke").context("`x`: it broke").context("nothing was written");
        assert_eq!(in_full(&told), "nothing was written: `x`: it broke");
    }
}
