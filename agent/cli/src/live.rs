//! What a person sees while episodes are played.

use std::time::Duration;

use glim_agent::rollout::{Event, Observer};
use glim_env::{Action, Observation, Outcome, Target};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Mutex;

/// A bar over all episodes of a run; silent where there is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    counts: Mutex<(usize, usize)>,
}

impl Progress {
    pub fn new(episodes: u64) -> Progress {
        let bar = ProgressBar::new(episodes);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed}  eta {eta}  {msg}")
            .expect("the template is well formed");
        bar.set_style(style.progress_chars("━╸─"));
        bar.enable_steady_tick(Duration::from_millis(500));
        Progress { bar, counts: Mutex::new((0, 0)) }
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event<'_>) {
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Finished(finished) => {
                counts.0 += usize::from(finished.verdict.is_success());
                self.bar.inc(1);
            }
            Event::Void(void) => {
                counts.1 += 1;
                self.bar.println(format!("void: {} seed {}: {}", void.task, void.seed, void.cause));
                if void.exhausted {
                    self.bar.inc(1);
                }
            }
            _ => return,
        }
        let (successes, voids) = *counts;
        self.bar.set_message(match voids {
            0 => format!("{successes} succeeded"),
            voids => format!("{successes} succeeded, {voids} void"),
        });
    }
}

/// Each turn as it happens, for `glim run`.
pub(crate) struct Turns;

#[allow(clippy::print_stdout)]
impl Observer for Turns {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Started { episode, observation, budget, .. } => {
                println!("goal   {}", episode.goal);
                println!(
                    "page   {}  {} elements, {budget} turns at the most",
                    observation.url,
                    observation.elements.len()
                );
            }
            Event::Turn { index, turn, after, .. } => {
                let did = match &turn.action {
                    Some(action) => describe(action, &turn.observation),
                    None => format!("a reply that cannot be read: {}", shorten(&turn.completion.text, 80)),
                };
                let ms = turn.timings;
                println!(
                    "{:>4}   {did}  ({:.1} s thinking, {:.2} s in the page)",
                    index + 1,
                    ms.policy_ms / 1e3,
                    ms.env_ms / 1e3
                );
                if let Outcome::Rejected { reason } = &turn.outcome {
                    println!("       rejected: {reason}");
                }
                for notice in &after.notices {
                    println!("       notice: {}", serde_json::to_string(notice).unwrap_or_default());
                }
                if after.url != turn.observation.url {
                    println!("       now at {}", after.url);
                }
            }
            Event::Void(void) => println!("void   {}", void.cause),
            Event::Finished(finished) => {
                let end = finished.episode.end.as_ref().map(|end| serde_json::to_string(end).unwrap_or_default());
                println!("end    {}", end.unwrap_or_default());
            }
            _ => {}
        }
    }
}

/// An action in words, with the name of what it is aimed at.
fn describe(action: &Action, seen: &Observation) -> String {
    let place = |target: &Target| match target {
        Target::Point(at) => format!("({:.0}, {:.0})", at.x, at.y),
        Target::Mark(mark) => match seen.element(*mark) {
            Some(element) => format!("[{mark}] {} `{}`", element.role, shorten(&element.name, 40)),
            None => format!("[{mark}]"),
        },
    };
    let at: Vec<_> = action.targets().iter().map(place).collect();
    let at = at.join(" to ");
    match action {
        Action::Click { button: glim_env::Button::Left, count: 1, .. } => format!("click {at}"),
        Action::Click { button, count, .. } => format!("click {at} ({button:?} x{count})").to_lowercase(),
        Action::Hover { .. } => format!("hover {at}"),
        Action::Drag { .. } => format!("drag {at}"),
        Action::Type { text, submit, .. } => {
            format!("type `{}`{} {at}", shorten(text, 60), if *submit { " and Enter" } else { "" })
        }
        Action::Keys { chord } => format!("press {chord}"),
        Action::Scroll { dx, dy, .. } => format!("scroll by ({dx:.0}, {dy:.0}) {at}"),
        Action::Select { option, .. } => format!("select `{option}` in {at}"),
        Action::Answer { text } => format!("answer: {text}"),
        Action::Fail { reason } => format!("give up: {reason}"),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

fn shorten(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}
