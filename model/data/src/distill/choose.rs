//! Which of the accepted episodes are taken: each once, and of no task too many.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Chosen, DistillOptions, TaskCount};
use crate::seed::hash;

/// Those to be taken, by task, seed and folder. What is left out is counted with its reason.
pub(super) fn choose(
    mut accepted: Vec<Chosen>,
    known: &HashSet<String>,
    options: &DistillOptions,
    tasks: &mut BTreeMap<String, TaskCount>,
) -> Vec<Chosen> {
    // Of several that are the same, the shortest stays; of these the one of the run that was named first.
    accepted.sort_by_key(|of| of.sound.turns);
    let mut seen: HashSet<String> = HashSet::new();
    let mut by_task: BTreeMap<String, Vec<Chosen>> = BTreeMap::new();
    for of in accepted {
        let (exact, near) = (&of.sound.exact, &of.sound.near);
        let reason = if known.contains(exact) || known.contains(near) {
            Some("known")
        } else if seen.contains(exact) {
            Some("duplicate")
        } else if seen.contains(near) {
            Some("near_duplicate")
        } else {
            None
        };
        if let Some(reason) = reason {
            tasks.entry(of.found.task).or_default().drop_for(reason);
            continue;
        }
        seen.extend([exact.clone(), near.clone()]);
        by_task.entry(of.found.task.clone()).or_default().push(of);
    }
    let mut chosen = Vec::new();
    for (name, of_task) in by_task {
        let task = tasks.entry(name.clone()).or_default();
        let is_solved = task.pass_rate() == Some(1.0);
        let most = if is_solved { options.per_solved_task.min(options.per_task) } else { options.per_task };
        let mut ordered = spread(&name, of_task);
        for _ in most..ordered.len() {
            task.drop_for("over_cap");
        }
        ordered.truncate(most);
        task.kept = ordered.len() as u64;
        chosen.append(&mut ordered);
    }
    chosen.sort_by(|a, b| {
        let key = |of: &Chosen| (of.found.task.clone(), of.found.seed, of.sound.exact.clone());
        key(a).cmp(&key(b))
    });
    chosen
}

/// In an order whose beginning has as many instances as it can: one solution of each, then a second one.
fn spread(task: &str, of_task: Vec<Chosen>) -> Vec<Chosen> {
    let mut solutions: HashMap<u64, usize> = HashMap::new();
    let mut ranked: Vec<((usize, u64), Chosen)> = Vec::new();
    for of in of_task {
        let rank = solutions.entry(of.found.seed).or_default();
        ranked.push(((*rank, hash(of.found.seed, task)), of));
        *rank += 1;
    }
    ranked.sort_by_key(|(key, _)| *key);
    ranked.into_iter().map(|(_, of)| of).collect()
}
