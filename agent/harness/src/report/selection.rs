//! Which episodes are shown in pictures: failures first, some of each task, within a budget of bytes.

use std::collections::HashMap;
use std::path::Path;

use glim_env::Seed;

use super::ReportOptions;
use super::frame::Film;
use crate::evaluate::{EpisodeResult, Results, Status};
use crate::store;

/// Films by task and seed.
pub(super) type Films = HashMap<(String, Seed), Film>;

/// Makes the films of the episodes that are worth it.
pub(super) fn illustrate(run: &Path, results: &Results, options: &ReportOptions) -> Films {
    let order = order(&results.episodes, options.per_task);
    let mut room = options.bytes;
    let films = fitting(&order, &mut room, |episode| {
        let film = film(run, Path::new(""), &episode.task, episode.seed, options.turns)?;
        let bytes = film.bytes;
        Some((film, bytes))
    });
    films.into_iter().map(|(at, film)| ((order[at].task.clone(), order[at].seed), film)).collect()
}

/// Makes what fits into so many bytes, which become fewer, in this order and on all cores; each with its place in it.
pub(super) fn fitting<Item: Sync, Made: Send>(
    order: &[Item],
    room: &mut usize,
    make: impl Fn(&Item) -> Option<(Made, usize)> + Sync,
) -> Vec<(usize, Made)> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let little = *room / 64;
    let mut fitting = Vec::new();
    for (batch, items) in order.chunks(at_once).enumerate() {
        let made: Vec<Option<(Made, usize)>> = std::thread::scope(|scope| {
            let threads: Vec<_> = items.iter().map(|item| scope.spawn(|| make(item))).collect();
            threads.into_iter().map(|thread| thread.join().expect("making a film does not panic")).collect()
        });
        for (at, made) in made.into_iter().enumerate() {
            // A smaller one may still fit where a large one did not.
            if let Some((made, bytes)) = made.filter(|(_, bytes)| *bytes <= *room) {
                *room -= bytes;
                fitting.push((batch * at_once + at, made));
            }
        }
        if *room < little {
            break;
        }
    }
    fitting
}

/// The film of one episode of a run that lies at `link` from the page. None if it cannot be read: it is told in words
/// only, and reading the results has already said what is wrong with it.
pub(super) fn film(run: &Path, link: &Path, task: &str, seed: Seed, turns: usize) -> Option<Film> {
    let folder = store::episode_folder(run, task, seed);
    let relative = link.join(folder.strip_prefix(run).expect("the episode lies in the run"));
    match store::read(&folder) {
        Ok(stored) => Some(Film::new(&stored, &relative.display().to_string(), turns)),
        Err(error) => {
            tracing::warn!("an episode is not shown: {error}");
            None
        }
    }
}

/// First one episode of every task, then a second one of every task, and so on: what fits is spread over all tasks.
fn order(episodes: &[EpisodeResult], per_task: usize) -> Vec<&EpisodeResult> {
    let mut tasks: Vec<(&str, Vec<&EpisodeResult>)> = Vec::new();
    for episode in episodes.iter().filter(|episode| episode.status != Status::Void) {
        match tasks.last_mut().filter(|(task, _)| *task == episode.task) {
            Some((_, members)) => members.push(episode),
            None => tasks.push((&episode.task, vec![episode])),
        }
    }
    let ranked: Vec<Vec<&EpisodeResult>> = tasks.into_iter().map(|(_, members)| ranked(members, per_task)).collect();
    in_turn(&ranked)
}

/// The first of every group, then the second of every group, and so on.
pub(super) fn in_turn<Item: Copy>(groups: &[Vec<Item>]) -> Vec<Item> {
    let longest = groups.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|rank| groups.iter().filter_map(move |group| group.get(rank).copied())).collect()
}

/// The episodes of one task that are worth a look, most worth first: a failure, then a success to compare it with, then
/// further failures.
fn ranked(episodes: Vec<&EpisodeResult>, most: usize) -> Vec<&EpisodeResult> {
    let (successes, mut ranked): (Vec<_>, Vec<_>) = episodes.into_iter().partition(|episode| episode.success);
    let at = ranked.len().min(1);
    ranked.splice(at..at, successes.into_iter().take(1));
    ranked.truncate(most);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(task: &str, seed: u64, success: bool) -> EpisodeResult {
        EpisodeResult {
            task: task.into(),
            seed: Seed(seed),
            goal: String::new(),
            score: Some(f64::from(u8::from(success))),
            success,
            status: Status::Done,
            undecided: false,
            end: None,
            reason: String::new(),
            attempt: 1,
            turns: 1,
            env_ms: 0.0,
            reset_ms: 0.0,
            policy_ms: 0.0,
            details: serde_json::Map::new(),
        }
    }

    #[test]
    fn failures_go_first_and_every_task_gets_its_turn() {
        let episodes = [
            episode("a", 0, true),
            episode("a", 1, false),
            episode("a", 2, true),
            episode("a", 3, false),
            episode("a", 4, false),
            episode("b", 0, true),
            episode("b", 1, true),
            EpisodeResult { status: Status::Void, ..episode("c", 0, false) },
        ];
        let order: Vec<_> = order(&episodes, 3).iter().map(|episode| (episode.task.as_str(), episode.seed.0)).collect();
        assert_eq!(order, [("a", 1), ("b", 0), ("a", 0), ("a", 3)]);
    }
}
