//! The command line of rewards.

use std::path::PathBuf;

use clap::Args;

const HELP: &str = "\
One line of input is one sample, as JSON:
  {\"id\": 7, \"source\": \"math\", \"question\": \"2 + 3?\", \"response\": \"<think>...</think><answer>\
<|begin_of_box|>5<|end_of_box|></answer>\", \"ground_truth\": \"5\"}
`source` is a source or domain of the configuration; `question` and `image` (a PNG or JPEG file that a judge is to see) may be \
left out; any other field is refused.

One line of output is one reward, in the order of the input:
  {\"id\": 7, \"score\": 1.0, \"kind\": \"rule\", \"reason\": \"...\", \"extracted\": \"5\"}
`score` lies in 0..=1. `kind` is `rule` or `judge` (who decided), `format` (the reply, or the ground truth, has the wrong form), \
or `undecided`: no rule could tell, and no judge did. An undecided score is 0 and means nothing: drop such samples, or count \
them as wrong, as you like. `reason` says which.

A line that is no sample gets {\"line\": 3, \"id\": ..., \"error\": \"...\"} in its place, without a score, and the command ends \
with status 1 after all other lines. The key of the judges is read from OPENAI_API_KEY.

  glim reward --config recipes/rewards.toml < samples.jsonl > rewards.jsonl";

/// Say what replies are worth, by rules and judges: JSON lines in, JSON lines out.
#[derive(Args)]
#[command(after_help = HELP)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["config", "cases"])))]
pub(crate) struct Reward {
    /// Which source of data is judged how, and by which judges; recipes/rewards.toml is one to start from. Samples come
    /// from standard input.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Run recorded cases instead, which carry their own settings and play their judges: one JSON line a case. `-` is
    /// standard input.
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
}
