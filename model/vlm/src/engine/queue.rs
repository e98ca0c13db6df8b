//! Where requests wait.
//!
//! Callers wait for a place without holding a thread, the engine's thread waits for work without spinning, and a request
//! whose caller has gone leaves the queue at once.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bounded queue of numbered items.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    places: Arc<Semaphore>,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(u64, T, OwnedSemaphorePermit)>,
    closed: bool,
}

/// A place in the queue, to be filled.
#[derive(Debug)]
pub(crate) struct Place(OwnedSemaphorePermit);

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    Full,
    Closed,
}

impl<T> Queue<T> {
    /// One with so many places, at least one.
    pub fn new(places: usize) -> Queue<T> {
        Queue {
            places: Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))),
            state: Mutex::new(State { items: VecDeque::new(), closed: false }),
            changed: Condvar::new(),
        }
    }

    /// Waits for a place; None when the queue is closed.
    pub async fn place(&self) -> Option<Place> {
        self.places.clone().acquire_owned().await.ok().map(Place)
    }

    /// A place if there is one now.
    pub fn try_place(&self) -> Result<Place, NoPlace> {
        self.places.clone().try_acquire_owned().map(Place).map_err(|error| match error {
            tokio::sync::TryAcquireError::NoPermits => NoPlace::Full,
            tokio::sync::TryAcquireError::Closed => NoPlace::Closed,
        })
    }

    /// Fills a place. Gives the item back when the queue is closed.
    pub fn push(&self, place: Place, number: u64, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_back((number, item, place.0));
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the first item if `take` says so.
    pub fn pop_if(&self, take: impl FnOnce(&T) -> bool) -> Option<T> {
        let mut state = self.lock();
        let fits = state.items.front().is_some_and(|(_, item, _)| take(item));
        if fits { state.items.pop_front().map(|(_, item, _)| item) } else { None }
    }

    /// Takes an item out wherever it stands.
    pub fn remove(&self, number: u64) -> Option<T> {
        let mut state = self.lock();
        let place = state.items.iter().position(|(other, ..)| *other == number)?;
        state.items.remove(place).map(|(_, item, _)| item)
    }

    /// Waits until there is an item; false when there is none and the queue is closed.
    pub fn wait(&self) -> bool {
        let state = self.lock();
        let waiting = |state: &mut State<T>| state.items.is_empty() && !state.closed;
        let state = self.changed.wait_while(state, waiting).unwrap_or_else(PoisonError::into_inner);
        !state.items.is_empty()
    }

    /// Lets nobody in any more. Those who wait for a place are told; what is in the queue stays.
    pub fn close(&self) {
        self.places.close();
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Takes all items out.
    pub fn drain(&self) -> Vec<T> {
        self.lock().items.drain(..).map(|(_, item, _)| item).collect()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing is left half done under the lock, so a panic elsewhere does not make it unusable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn places_are_given_back_by_taking_and_by_leaving() {
        let queue = Queue::new(2);
        for number in 0..2 {
            queue.push(queue.try_place().unwrap(), number, number * 10).unwrap();
        }
        assert_eq!(queue.try_place().unwrap_err(), NoPlace::Full);
        assert_eq!(queue.remove(1), Some(10));
        queue.push(queue.try_place().unwrap(), 2, 20).unwrap();
        assert_eq!((queue.pop_if(|_| false), queue.len()), (None, 2));
        assert_eq!((queue.pop_if(|&item| item == 0), queue.pop_if(|_| true)), (Some(0), Some(20)));
        assert!(queue.try_place().is_ok());
    }

    #[tokio::test]
    async fn a_caller_waits_for_a_place() {
        let queue = Arc::new(Queue::new(1));
        queue.push(queue.try_place().unwrap(), 1, ()).unwrap();
        let other = queue.clone();
        let waiting = tokio::spawn(async move { other.place().await.is_some() });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        queue.remove(1);
        assert!(tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn closing_tells_everybody() {
        let queue = Arc::new(Queue::new(1));
        queue.push(queue.try_place().unwrap(), 1, 'a').unwrap();
        let other = queue.clone();
        let waiting = tokio::spawn(async move { other.place().await.is_none() });
        tokio::task::yield_now().await;
        queue.close();
        assert!(tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap());
        assert_eq!(queue.try_place().unwrap_err(), NoPlace::Closed);
        assert!(queue.wait(), "what is in it is still to be done");
        assert_eq!(queue.drain(), ['a']);
        assert!(!queue.wait());
    }

    #[test]
    fn the_thread_sleeps_until_there_is_work() {
        let queue = Arc::new(Queue::new(1));
        let other = queue.clone();
        let thread = std::thread::spawn(move || other.wait().then(|| other.pop_if(|_| true)).flatten());
        queue.push(queue.try_place().unwrap(), 1, 5).unwrap();
        assert_eq!(thread.join().unwrap(), Some(5));
    }
}
