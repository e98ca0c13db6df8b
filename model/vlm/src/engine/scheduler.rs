//! Who is in the batch, who is read next, and what is already in the cache of keys and values.
//!
//! Replies join and leave while others are decoded. In each round the engine reads a bounded number of prompt tokens and
//! then decodes one token for every reply that is past its prompt, so that a long prompt delays the others by one part at
//! a time and never by all of it. Prompts are read in parts that end at fixed places (multiples of [`Limits::part`]), which
//! makes the parts a function of the prompt alone: what is computed for a request does not depend on who else was there.
//!
//! Prompts in common are read once. A request whose prompt equals one that is being read follows it and gets a copy of its
//! keys and values. Any other request starts behind the longest prefix that lies in some row, of a running reply or of one
//! that has ended, cut to a multiple of [`Limits::part`] for the reason above; only what was read as a prompt counts.
//!
//! Nothing here computes: this is a state machine over numbers, and the engine does what it says.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use super::prompt::Prompt;

/// Names a request.
pub(crate) type Id = u64;

/// How much there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Rows of the cache: replies at once.
    pub slots: usize,
    /// Tokens of a prompt that are read at once.
    pub part: usize,
    /// Tokens of all prompts that are read in one round; at least one part is read.
    pub round: usize,
}

/// What to do for a request that was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admission {
    /// Its row of the cache.
    pub slot: usize,
    /// Tokens at the start of the row that stay.
    pub keep: usize,
    /// A row whose first tokens are to be copied into it first, and how many.
    pub copy: Option<(usize, usize)>,
}

/// A part of a prompt to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub id: Id,
    pub slot: usize,
    pub range: Range<usize>,
    /// Whether the prompt ends here, so that the first token is drawn.
    pub last: bool,
    /// With the last part: requests with an equal prompt, which get a copy of the row.
    pub followers: Vec<(Id, usize)>,
}

#[derive(Debug)]
struct Slot {
    owner: Option<Id>,
    /// The prompt whose keys and values it holds, and up to which token.
    held: Option<(Arc<Prompt>, usize)>,
    /// When its last owner left.
    left: u64,
}

#[derive(Debug)]
struct Sequence {
    id: Id,
    slot: usize,
    prompt: Arc<Prompt>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// So many tokens of the prompt have been read.
    Reading(usize),
    /// Waits for the reading of an equal prompt.
    Following(Id),
    Decoding,
}

/// The state of all rows.
#[derive(Debug)]
pub(crate) struct Scheduler {
    limits: Limits,
    slots: Vec<Slot>,
    running: Vec<Sequence>,
    clock: u64,
}

impl Scheduler {
    /// With all rows empty.
    pub fn new(limits: Limits) -> Scheduler {
        let slots = (0..limits.slots).map(|_| Slot { owner: None, held: None, left: 0 }).collect();
        Scheduler { limits, slots, running: Vec::new(), clock: 0 }
    }

    /// Whether one more request can be let in.
    pub fn has_room(&self) -> bool {
        self.running.len() < self.limits.slots
    }

    /// Lets a request in for which there is room.
    pub fn admit(&mut self, id: Id, prompt: Arc<Prompt>) -> Admission {
        let leader = self.running.iter().find(|sequence| {
            matches!(sequence.stage, Stage::Reading(_))
                && sequence.prompt.len() == prompt.len()
                && sequence.prompt.common_prefix(&prompt) == prompt.len()
        });
        let leader = leader.map(|sequence| sequence.id);
        let reusable = |slot: &Slot| match &slot.held {
            Some((held, valid)) if leader.is_none() => {
                // The last token is always read, for its logits.
                let common = held.common_prefix(&prompt).min(*valid).min(prompt.len() - 1);
                common - common % self.limits.part
            }
            _ => 0,
        };
        // Of equally long prefixes one in a free row is best, for it need not be copied.
        let (source, reuse) = (0..self.slots.len())
            .map(|slot| (slot, reusable(&self.slots[slot])))
            .max_by_key(|&(slot, reuse)| (reuse, self.slots[slot].owner.is_none(), Reverse(slot)))
            .expect("there is at least one row");
        let in_place = reuse > 0 && self.slots[source].owner.is_none();
        let slot = if in_place { source } else { self.emptiest() };
        let owned = &mut self.slots[slot];
        owned.owner = Some(id);
        owned.held = (leader.is_none()).then(|| (prompt.clone(), reuse));
        let stage = leader.map_or(Stage::Reading(reuse), Stage::Following);
        self.running.push(Sequence { id, slot, prompt, stage });
        Admission {
            slot,
            keep: if in_place { reuse } else { 0 },
            copy: (reuse > 0 && !in_place).then_some((source, reuse)),
        }
    }

    /// A free row: one that holds nothing, else the one left for longest.
    fn emptiest(&self) -> usize {
        let free = self.slots.iter().enumerate().filter(|(_, slot)| slot.owner.is_none());
        free.min_by_key(|(_, slot)| (slot.held.is_some(), slot.left)).expect("there is room").0
    }

    /// The parts to be read in this round, first come, first served, at most one of each prompt. `ready` says whether a
    /// request's pictures have been looked at.
    pub fn parts(&self, ready: impl Fn(Id) -> bool) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut tokens = 0;
        for sequence in &self.running {
            let Stage::Reading(read) = sequence.stage else { continue };
            if !ready(sequence.id) {
                continue;
            }
            let end = ((read / self.limits.part + 1) * self.limits.part).min(sequence.prompt.len());
            if !parts.is_empty() && tokens + end - read > self.limits.round {
                break;
            }
            tokens += end - read;
            let last = end == sequence.prompt.len();
            let followers = if last { self.followers(sequence.id) } else { Vec::new() };
            parts.push(Part { id: sequence.id, slot: sequence.slot, range: read..end, last, followers });
        }
        parts
    }

    fn followers(&self, leader: Id) -> Vec<(Id, usize)> {
        let follows = |sequence: &&Sequence| sequence.stage == Stage::Following(leader);
        self.running.iter().filter(follows).map(|sequence| (sequence.id, sequence.slot)).collect()
    }

    /// Takes note that a part was read, and copied to its followers.
    pub fn was_read(&mut self, part: &Part) {
        for sequence in &mut self.running {
            let follows = part.followers.iter().any(|&(id, _)| id == sequence.id);
            if sequence.id == part.id || follows {
                sequence.stage = if part.last { Stage::Decoding } else { Stage::Reading(part.range.end) };
                self.slots[sequence.slot].held = Some((sequence.prompt.clone(), part.range.end));
            }
        }
    }

    /// Requests that are past their prompt, with their rows, in the order of rows.
    pub fn decoding(&self) -> Vec<(Id, usize)> {
        let past = self.running.iter().filter(|sequence| sequence.stage == Stage::Decoding);
        let mut found: Vec<_> = past.map(|sequence| (sequence.id, sequence.slot)).collect();
        found.sort_by_key(|&(_, slot)| slot);
        found
    }

    /// Lets a request go. Its row is free; what it holds of the prompt stays for others until the row is taken. Those that
    /// followed it go on from where it was.
    pub fn release(&mut self, id: Id) {
        let Some(place) = self.running.iter().position(|sequence| sequence.id == id) else { return };
        let gone = self.running.remove(place);
        let mut free = gone.slot;
        if let Some(heir) = self.running.iter().position(|sequence| sequence.stage == Stage::Following(id)) {
            // The heir takes the row over as it is, and leaves its own, which is still empty.
            let heir_id = self.running[heir].id;
            free = std::mem::replace(&mut self.running[heir].slot, gone.slot);
            self.running[heir].stage = gone.stage;
            self.slots[gone.slot].owner = Some(heir_id);
            for sequence in &mut self.running {
                if sequence.stage == Stage::Following(id) {
                    sequence.stage = Stage::Following(heir_id);
                }
            }
        }
        self.clock += 1;
        self.slots[free].owner = None;
        self.slots[free].left = self.clock;
    }

    /// Forgets what free rows hold, and names them, so that their memory can be given back.
    pub fn forget_free(&mut self) -> Vec<usize> {
        let free = self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.owner.is_none() && slot.held.is_some());
        free.map(|(number, slot)| {
            slot.held = None;
            number
        })
        .collect()
    }

    /// Requests whose prompt is being read, first come first.
    pub fn reading(&self) -> impl Iterator<Item = Id> {
        self.running.iter().filter(|sequence| matches!(sequence.stage, Stage::Reading(_))).map(|sequence| sequence.id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::prompt::tests::prompt;
    use super::*;

    const LIMITS: Limits = Limits { slots: 4, part: 8, round: 16 };

    fn words(ids: impl IntoIterator<Item = u32>) -> Arc<Prompt> {
        Arc::new(prompt(&ids.into_iter().collect::<Vec<_>>(), &[], &[]).unwrap())
    }

    /// Reads all there is to read, and returns the parts as they were read.
    fn read_all(scheduler: &mut Scheduler) -> Vec<(Id, Range<usize>)> {
        let mut read = Vec::new();
        loop {
            let parts = scheduler.parts(|_| true);
            if parts.is_empty() {
                return read;
            }
            for part in &parts {
                scheduler.was_read(part);
                read.push((part.id, part.range.clone()));
            }
        }
    }

    #[test]
    fn a_long_prompt_is_read_in_parts_beside_the_others() {
        let mut scheduler = Scheduler::new(LIMITS);
        scheduler.admit(1, words(0..20));
        scheduler.admit(2, words(100..105));
        scheduler.admit(3, words(200..206));
        let first = scheduler.parts(|_| true);
        // 8 and 5 fit into a round of 16, 6 more do not.
        assert_eq!(first.iter().map(|part| (part.id, part.range.clone())).collect::<Vec<_>>(), [(1, 0..8), (2, 0..5)]);
        first.iter().for_each(|part| scheduler.was_read(part));
        assert_eq!(scheduler.decoding(), [(2, 1)]);
        assert_eq!(read_all(&mut scheduler), [(1, 8..16), (3, 0..6), (1, 16..20)]);
        assert_eq!(scheduler.decoding(), [(1, 0), (2, 1), (3, 2)]);
    }

    #[test]
    fn parts_are_a_function_of_the_prompt_alone() {
        let mut alone = Scheduler::new(LIMITS);
        alone.admit(1, words(0..30));
        let expected = read_all(&mut alone);
        let mut crowded = Scheduler::new(LIMITS);
        crowded.admit(7, words(50..69));
        crowded.admit(8, words(80..83));
        crowded.admit(1, words(0..30));
        let among: Vec<_> = read_all(&mut crowded).into_iter().filter(|(id, _)| *id == 1).collect();
        assert_eq!(among, expected);
    }

    #[test]
    fn who_waits_for_pictures_does_not_hold_up_the_others() {
        let mut scheduler = Scheduler::new(LIMITS);
        scheduler.admit(1, words(0..20));
        scheduler.admit(2, words(100..105));
        let ready: Vec<Id> = scheduler.parts(|id| id != 1).iter().map(|part| part.id).collect();
        assert_eq!(ready, [2]);
    }

    #[test]
    fn a_group_reads_its_prompt_once() {
        let mut scheduler = Scheduler::new(LIMITS);
        for id in 1..=3 {
            assert_eq!(scheduler.admit(id, words(0..12)), Admission { slot: id as usize - 1, keep: 0, copy: None });
        }
        let first = scheduler.parts(|_| true);
        assert_eq!((first.len(), first[0].followers.len()), (1, 0));
        scheduler.was_read(&first[0]);
        let second = scheduler.parts(|_| true);
        assert_eq!(second[0].followers, [(2, 1), (3, 2)]);
        scheduler.was_read(&second[0]);
        assert_eq!(scheduler.decoding(), [(1, 0), (2, 1), (3, 2)]);
        // One who comes later starts behind the parts that are there.
        assert_eq!(scheduler.admit(4, words(0..12)), Admission { slot: 3, keep: 0, copy: Some((0, 8)) });
        assert_eq!(read_all(&mut scheduler), [(4, 8..12)]);
    }

    #[test]
    fn followers_go_on_when_their_leader_goes() {
        let mut scheduler = Scheduler::new(LIMITS);
        for id in 1..=3 {
            scheduler.admit(id, words(0..12));
        }
        let first = scheduler.parts(|_| true);
        scheduler.was_read(&first[0]);
        scheduler.release(1);
        let second = scheduler.parts(|_| true);
        assert_eq!(second, [Part { id: 2, slot: 0, range: 8..12, last: true, followers: vec![(3, 2)] }]);
        scheduler.was_read(&second[0]);
        assert_eq!(scheduler.decoding(), [(2, 0), (3, 2)]);
        assert_eq!([4, 5].map(|id| scheduler.admit(id, words(50..53)).slot), [3, 1]);
    }

    #[test]
    fn the_next_turn_starts_behind_what_it_shares_with_the_last() {
        let mut scheduler = Scheduler::new(LIMITS);
        scheduler.admit(1, words(0..30));
        read_all(&mut scheduler);
        scheduler.release(1);
        let longer = words((0..30).chain(70..90));
        assert_eq!(scheduler.admit(2, longer), Admission { slot: 0, keep: 24, copy: None });
        assert_eq!(read_all(&mut scheduler), [(2, 24..32), (2, 32..40), (2, 40..48), (2, 48..50)]);
        // Other words from the 21st on: two parts are shared, and their row is in use.
        let other = words((0..20).chain(200..210));
        assert_eq!(scheduler.admit(3, other), Admission { slot: 1, keep: 0, copy: Some((0, 16)) });
    }

    #[test]
    fn a_row_that_was_taken_promises_nothing_of_what_it_held() {
        let mut scheduler = Scheduler::new(Limits { slots: 1, ..LIMITS });
        scheduler.admit(1, words(0..30));
        read_all(&mut scheduler);
        scheduler.release(1);
        scheduler.admit(2, words(100..130));
        let part = scheduler.parts(|_| true).remove(0);
        scheduler.was_read(&part);
        scheduler.release(2);
        assert_eq!(scheduler.admit(3, words(0..30)).keep, 0);
        scheduler.release(3);
        // Of the second prompt 8 tokens had been read, and the third overwrote them.
        assert_eq!(scheduler.admit(4, words(100..130)).keep, 0);
    }

    #[test]
    fn rows_limit_who_comes_in() {
        let mut scheduler = Scheduler::new(LIMITS);
        for id in 1..=4 {
            assert!(scheduler.has_room());
            scheduler.admit(id, words(0..30));
        }
        assert!(!scheduler.has_room());
        scheduler.release(3);
        assert!(scheduler.has_room());
    }

    #[test]
    fn free_rows_can_be_forgotten() {
        let mut scheduler = Scheduler::new(LIMITS);
        scheduler.admit(1, words(0..30));
        scheduler.admit(2, words(50..80));
        read_all(&mut scheduler);
        scheduler.release(1);
        assert_eq!(scheduler.forget_free(), [0]);
        assert_eq!(scheduler.forget_free(), Vec::<usize>::new());
        assert_eq!(scheduler.admit(3, words(0..30)).keep, 0);
    }
}
