//! Policies that read no prose: the scripted solution, doing nothing, and chance.
//!
//! They write their action in the agent's dialect all the same, so that every scripted episode exercises the printer and
//! the parser that models depend on.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use glim_env::{Action, Button, Completion, Element, Observation, SplitMix, Target};
use glim_tasks::Situation;

use super::{Policy, PolicyError, Prompt};

/// Plays the task's own solution, and gives up where that knows no next step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripted;

impl Policy for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        let Some(task) = prompt.task else {
            let reason = "there is no task with a solution here; name another agent".to_owned();
            return ready(Err(PolicyError::Unplayable { policy: self.name().to_owned(), reason }));
        };
        let action = task.solve(&prompt.situation);
        let action = action.unwrap_or_else(|| Action::Fail { reason: "no next step known".to_owned() });
        said(&action, prompt)
    }

    fn needs_prompt(&self) -> bool {
        false
    }
}

/// Says at once that the goal is reached. A task that gives this a score proves nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noop;

impl Policy for Noop {
    fn name(&self) -> &str {
        "noop"
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        said(&Action::Done, prompt)
    }

    fn needs_prompt(&self) -> bool {
        false
    }
}

/// Does something sensible with something visible, by chance. Equal seeds give equal play.
///
/// It never answers with words of the screen or the goal, so that no question is answered by luck of copying.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl Policy for Random {
    fn name(&self) -> &str {
        "random"
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        let action = by_chance(&mut prompt.seed.generator(), &prompt.situation);
        said(&action, prompt)
    }

    fn needs_prompt(&self) -> bool {
        false
    }
}

fn ready<'a>(reply: Result<Completion, PolicyError>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
    futures::future::ready(reply).boxed()
}

fn said<'a>(action: &Action, prompt: &Prompt<'_>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
    let text = prompt.dialect.print(action, prompt.situation.observation);
    ready(Ok(Completion { text, ..Completion::default() }))
}

/// Words that no goal asks for.
const WORDS: &[&str] = &["quxel", "brimble", "zentor", "flarn", "oodle 7", "vask", "plimsy", "grunk"];

fn by_chance(generator: &mut SplitMix, situation: &Situation<'_>) -> Action {
    let observation = situation.observation;
    let usable: Vec<&Element> = observation.elements.iter().filter(|element| !element.states.disabled).collect();
    let which = |wanted: fn(&Element) -> bool| -> Vec<&Element> {
        usable.iter().copied().filter(|element| wanted(element)).collect()
    };
    let clickable = which(|element| element.clickable || element.editable);
    let editable = which(|element| element.editable && !element.states.readonly);
    let lists = which(|element| !element.options.is_empty());
    let word = |generator: &mut SplitMix| (*generator.choose(WORDS)).to_owned();
    // Mostly clicks, as on a real page; the rest covers the other things that a page may react to.
    match generator.below(100) {
        0..50 if !clickable.is_empty() => Action::click(Target::Mark(generator.choose(&clickable).mark)),
        50..68 if !editable.is_empty() => Action::Type {
            target: Some(Target::Mark(generator.choose(&editable).mark)),
            text: word(generator),
            replace: generator.below(2) == 0,
            submit: generator.below(3) == 0,
        },
        68..74 if !lists.is_empty() => {
            let list = generator.choose(&lists);
            Action::Select { target: Target::Mark(list.mark), option: generator.choose(&list.options).label.clone() }
        }
        74..80 => {
            let far = f64::from(observation.viewport.height) / 2.0;
            Action::Scroll { target: None, dx: 0.0, dy: if generator.below(3) == 0 { -far } else { far } }
        }
        80..84 => {
            Action::Keys { chord: (*generator.choose(&["Enter", "Tab", "Escape", "ArrowDown", "Space"])).to_owned() }
        }
        84..87 => Action::Hover { target: point(generator, observation) },
        87..90 => Action::Drag { from: point(generator, observation), to: point(generator, observation) },
        90..92 => Action::Click { target: point(generator, observation), button: Button::Left, count: 2 },
        // Ends now and then, mostly by claiming success, as an agent does that has lost the thread.
        92..95 => Action::Done,
        95..97 => Action::Answer { text: word(generator) },
        _ => Action::click(point(generator, observation)),
    }
}

fn point(generator: &mut SplitMix, observation: &Observation) -> Target {
    let viewport = observation.viewport;
    let (x, y) = (generator.unit() * f64::from(viewport.width), generator.unit() * f64::from(viewport.height));
    Target::Point(glim_env::Point::new(x, y))
}
