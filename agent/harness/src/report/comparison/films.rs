//! Which instances are shown side by side: first what was gained, then what was lost.

use std::collections::HashMap;
use std::path::PathBuf;

use super::Contrast;
use crate::evaluate::Status;
use crate::report::ReportOptions;
use crate::report::frame::Film;
use crate::report::selection::{film, fitting, in_turn};

/// Instances in pictures.
#[derive(Debug)]
pub(super) struct Films {
    /// Missed by the first run and solved by the last.
    pub(super) gained: Vec<Pictured>,
    /// Solved by the first run and missed by the last.
    pub(super) lost: Vec<Pictured>,
}

/// One instance: its place in the contrast, and a film of each run; None of one where it is void.
#[derive(Debug)]
pub(super) struct Pictured {
    pub(super) at: usize,
    pub(super) films: Vec<Option<Film>>,
}

impl Films {
    /// Of every family one, then a second one, and so on, as long as there is room. Losses have a quarter of it for
    /// themselves, so that gains cannot crowd them out.
    pub(super) fn of(contrast: &Contrast, links: &[PathBuf], options: &ReportOptions) -> Films {
        let gained = order(contrast, options.per_task, |first, last| !first && last);
        let lost = order(contrast, options.per_task, |first, last| first && !last);
        let kept = if lost.is_empty() { 0 } else { options.bytes / 4 };
        let mut room = options.bytes - kept;
        let make = |at: &usize| pictured(contrast, *at, links, options.turns);
        let pictures = |made: Vec<(usize, Pictured)>| made.into_iter().map(|(_, pictured)| pictured).collect();
        let gained = pictures(fitting(&gained, &mut room, make));
        room += kept;
        Films { gained, lost: pictures(fitting(&lost, &mut room, make)) }
    }
}

/// Places of what changed in a way, some of each family, families in the order of the table.
fn order(contrast: &Contrast, per_family: usize, changed: impl Fn(bool, bool) -> bool) -> Vec<usize> {
    let mut families: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, _, _) in contrast.decided().filter(|(_, first, last)| changed(*first, *last)) {
        let family = families.entry(&contrast.first().episodes[at].task).or_default();
        if family.len() < per_family {
            family.push(at);
        }
    }
    let groups: Vec<Vec<usize>> =
        contrast.families.iter().filter_map(|line| families.remove(line.name.as_str())).collect();
    in_turn(&groups)
}

/// An instance as all runs played it, and how many bytes that is. None if an episode that is not void cannot be read.
fn pictured(contrast: &Contrast, at: usize, links: &[PathBuf], turns: usize) -> Option<(Pictured, usize)> {
    let mut films = Vec::with_capacity(links.len());
    for (run, link) in contrast.runs.iter().zip(links) {
        let episode = &run.episodes[at];
        films.push(match episode.status {
            Status::Void => None,
            _ => Some(film(&run.side.run, link, &episode.task, episode.seed, turns)?.without_prompts()),
        });
    }
    let bytes = films.iter().flatten().map(|film| film.bytes).sum();
    Some((Pictured { at, films }, bytes))
}
