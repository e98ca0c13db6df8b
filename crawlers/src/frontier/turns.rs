//! Whose turn it is: a queue for each host, and which of the hosts may be visited now.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// How often a host may be visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Items that are out at once.
    pub at_once: u32,
    /// From one item to the next.
    pub delay: Duration,
}

#[derive(Debug)]
struct Host<T> {
    queue: VecDeque<T>,
    pace: Pace,
    out: u32,
    due: Instant,
    /// Whether it stands in `ready` or in `later`.
    is_listed: bool,
}

/// Items by host. Hosts that may be visited take turns.
#[derive(Debug)]
pub(super) struct Turns<T> {
    hosts: HashMap<String, Host<T>>,
    ready: VecDeque<String>,
    later: BinaryHeap<Reverse<(Instant, String)>>,
    length: usize,
}

impl<T> Turns<T> {
    pub fn new() -> Turns<T> {
        Turns { hosts: HashMap::new(), ready: VecDeque::new(), later: BinaryHeap::new(), length: 0 }
    }

    /// Items that wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether no item waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether nothing is known of a host, so that an item for it could go out at once.
    pub fn is_new(&self, host: &str) -> bool {
        !self.hosts.contains_key(host)
    }

    /// Adds an item. The pace is that of the first item of a host that is known.
    pub fn add(&mut self, host: String, item: T, pace: Pace, now: Instant) {
        let known = self.hosts.entry(host.clone()).or_insert_with(|| Host {
            queue: VecDeque::new(),
            pace,
            out: 0,
            due: now,
            is_listed: false,
        });
        known.queue.push_back(item);
        self.length += 1;
        self.list(&host, now);
    }

    /// The next item of a host that may be visited. It is out until `finish` or `give_back`.
    pub fn take(&mut self, now: Instant) -> Option<(T, String)> {
        self.wake(now);
        while let Some(name) = self.ready.pop_front() {
            let Some(host) = self.hosts.get_mut(&name) else { continue };
            host.is_listed = false;
            let may_go = host.due <= now && host.out < host.pace.at_once;
            let item = if may_go { host.queue.pop_front() } else { None };
            if item.is_some() {
                host.out += 1;
                host.due = now + host.pace.delay;
                self.length -= 1;
            }
            self.list(&name, now);
            if let Some(item) = item {
                return Some((item, name));
            }
        }
        None
    }

    /// Counts an item of a host as out that was taken before this began to count.
    pub fn adopt(&mut self, host: &str, pace: Pace, now: Instant) {
        let new = || Host { queue: VecDeque::new(), pace, out: 0, due: now, is_listed: false };
        let known = self.hosts.entry(host.to_owned()).or_insert_with(new);
        known.out += 1;
        known.due = known.due.max(now + pace.delay);
    }

    /// Whether `take` would bring an item.
    pub fn is_ready(&mut self, now: Instant) -> bool {
        self.wake(now);
        !self.ready.is_empty()
    }

    /// When the next host may be visited that may not be now.
    pub fn next_due(&self) -> Option<Instant> {
        self.later.peek().map(|Reverse((due, _))| *due)
    }

    /// Keeps from visiting a host for some time.
    pub fn leave_alone(&mut self, host: &str, wait: Duration, now: Instant) {
        if let Some(known) = self.hosts.get_mut(host) {
            known.due = known.due.max(now + wait);
        }
    }

    /// An item is not out any more.
    pub fn finish(&mut self, host: &str, now: Instant) {
        if let Some(known) = self.hosts.get_mut(host) {
            known.out = known.out.saturating_sub(1);
        }
        self.list(host, now);
    }

    /// An item that was out waits again, before or behind the others of its host.
    pub fn give_back(&mut self, host: &str, item: T, is_first: bool, now: Instant) {
        if let Some(known) = self.hosts.get_mut(host) {
            if is_first {
                known.queue.push_front(item);
            } else {
                known.queue.push_back(item);
            }
            self.length += 1;
        }
        self.finish(host, now);
    }

    /// Lists a host where it belongs; forgets it if there is nothing to remember.
    fn list(&mut self, name: &str, now: Instant) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        if host.is_listed || (host.queue.is_empty() && host.out > 0) || host.out >= host.pace.at_once {
            return;
        }
        if host.due > now {
            host.is_listed = true;
            self.later.push(Reverse((host.due, name.to_owned())));
        } else if host.queue.is_empty() {
            self.hosts.remove(name);
        } else {
            host.is_listed = true;
            self.ready.push_back(name.to_owned());
        }
    }

    /// Lists hosts anew whose time has come.
    fn wake(&mut self, now: Instant) {
        while self.later.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            let Some(Reverse((_, name))) = self.later.pop() else { return };
            if let Some(host) = self.hosts.get_mut(&name) {
                host.is_listed = false;
            }
            self.list(&name, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn live() -> Pace {
        Pace { at_once: 1, delay: 2 * SECOND }
    }

    #[test]
    fn hosts_take_turns_and_wait_for_their_delay() {
        let now = Instant::now();
        let mut turns = Turns::new();
        for (host, item) in [("a", 1), ("a", 2), ("b", 3), ("b", 4)] {
            turns.add(host.to_owned(), item, live(), now);
        }
        let take = |turns: &mut Turns<i32>, at: Instant| turns.take(at).map(|(item, _)| item);
        assert_eq!(take(&mut turns, now), Some(1));
        assert_eq!(take(&mut turns, now), Some(3));
        assert_eq!(take(&mut turns, now), None);
        turns.finish("a", now + SECOND);
        assert_eq!(take(&mut turns, now + SECOND), None);
        assert_eq!(turns.next_due(), Some(now + 2 * SECOND));
        assert_eq!(take(&mut turns, now + 2 * SECOND), Some(2));
        assert_eq!(take(&mut turns, now + 9 * SECOND), None, "`b` is still out");
        turns.finish("b", now + 9 * SECOND);
        assert_eq!(take(&mut turns, now + 9 * SECOND), Some(4));
        assert!(turns.is_empty());
    }

    #[test]
    fn what_is_given_back_comes_again() {
        let now = Instant::now();
        let mut turns = Turns::new();
        turns.add("a".to_owned(), 1, live(), now);
        turns.add("a".to_owned(), 2, live(), now);
        let (item, host) = turns.take(now).unwrap();
        turns.leave_alone(&host, 10 * SECOND, now);
        turns.give_back(&host, item, true, now);
        assert_eq!((turns.len(), turns.take(now + 9 * SECOND)), (2, None));
        assert_eq!(turns.take(now + 10 * SECOND).unwrap().0, 1);
    }

    #[test]
    fn hosts_are_forgotten() {
        let mut now = Instant::now();
        let mut turns = Turns::new();
        for at in 0..1000 {
            turns.add(format!("h{at}"), at, live(), now);
            let (_, host) = turns.take(now).unwrap();
            turns.finish(&host, now);
            now += SECOND;
        }
        assert!(turns.hosts.len() <= 3 && turns.later.len() <= 3, "{}", turns.hosts.len());
    }
}
