//! Where ranks find each other before they are connected, and find out who is missing when a connection breaks: a store
//! of keys, c10d's `TCPStore`, which rank 0 keeps, or `torchrun` itself.

use std::ffi::{CString, c_char, c_void};
use std::net::{IpAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::{Place, RankError};
use crate::door;

unsafe extern "C" {
    fn glim_ranks_meet(
        meeting: *mut *mut c_void,
        host: *const c_char,
        port: u16,
        serves: bool,
        listener: i32,
        prefix: *const c_char,
        timeout_ms: i64,
    ) -> *mut c_char;
    fn glim_ranks_tell(meeting: *const c_void, key: *const c_char) -> *mut c_char;
    fn glim_ranks_told(told: *mut bool, meeting: *const c_void, key: *const c_char) -> *mut c_char;
    fn glim_ranks_leave(meeting: *mut c_void);
}

/// How often the store is asked whether a rank has come.
const POLL: Duration = Duration::from_millis(10);
/// What the system may take to answer beyond a limit that libtorch itself should keep.
const SLACK: Duration = Duration::from_secs(2);
/// How long ranks that still live have to say so after a failure.
const ROLL_CALL: Duration = Duration::from_secs(3);
/// How long the last one that is missing in a roll call is waited for: it may have failed a moment later than this rank.
const LAST: Duration = Duration::from_millis(200);

/// A store that is open. Its keys: `here/0` once rank 0 has come, `lost/0` once an operation of it failed, `done/0` once it
/// needs the store no longer.
#[derive(Debug)]
struct Store(*mut c_void);

// SAFETY: c10d's store is made to be used by many threads; it locks itself.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Store {
    fn open(place: &Place, loopback: Option<IpAddr>, timeout: Duration) -> Result<Store, String> {
        let listener = match loopback {
            Some(ip) if place.serves() => {
                let listener = TcpListener::bind((ip, place.port)).map_err(|error| error.to_string())?;
                listener.into_raw_fd()
            }
            _ => -1,
        };
        let host = CString::new(loopback.map_or_else(|| place.host.clone(), |ip| ip.to_string()));
        let host = host.map_err(|_| "its name has a zero in it".to_owned())?;
        // The name under which torch's own ranks meet in the store of `torchrun`, so that no earlier start is met.
        let prefix = place.restarts.map_or_else(|| "glim".to_owned(), |count| format!("/worker/attempt_{count}/glim"));
        let prefix = CString::new(prefix).expect("it has no zeros");
        let mut store = std::ptr::null_mut();
        // SAFETY: strings of C that outlive the call, a socket that is given away, and a place to write to.
        let message = unsafe {
            glim_ranks_meet(
                &mut store,
                host.as_ptr(),
                place.port,
                place.serves(),
                listener,
                prefix.as_ptr(),
                milliseconds(timeout),
            )
        };
        door::take(message).map_or(Ok(Store(store)), |message| Err(clean(&message)))
    }

    fn tell(&self, kind: &str, rank: usize) -> Result<(), String> {
        let key = key(kind, rank);
        // SAFETY: the store is open, and the key is a string of C.
        let message = unsafe { glim_ranks_tell(self.0, key.as_ptr()) };
        door::take(message).map_or(Ok(()), |message| Err(clean(&message)))
    }

    fn told(&self, kind: &str, rank: usize) -> Result<bool, String> {
        let (key, mut told) = (key(kind, rank), false);
        // SAFETY: the store is open, the key is a string of C, and `told` a place to write to.
        let message = unsafe { glim_ranks_told(&mut told, self.0, key.as_ptr()) };
        door::take(message).map_or(Ok(told), |message| Err(clean(&message)))
    }

    fn those_that_told(&self, kind: &str, size: usize) -> Result<Vec<usize>, String> {
        (0..size).filter_map(|rank| self.told(kind, rank).map(|told| told.then_some(rank)).transpose()).collect()
    }

    /// The ranks that have failed too by the end of `ROLL_CALL`, or as soon as all but those that never will have.
    fn roll_call(&self, place: &Place) -> Result<Vec<usize>, String> {
        let mut end = Instant::now() + ROLL_CALL;
        let alive = loop {
            let alive = self.those_that_told("lost", place.size)?;
            if alive.len() + 1 >= place.size {
                end = end.min(Instant::now() + LAST);
            }
            if alive.len() == place.size || Instant::now() >= end {
                break alive;
            }
            std::thread::sleep(POLL);
        };
        self.tell("done", place.rank)?;
        // The store ends with the rank that keeps it; the others still ask it who is missing.
        let end = Instant::now() + ROLL_CALL;
        while place.serves() && self.those_that_told("done", place.size)?.len() < alive.len() && Instant::now() < end {
            std::thread::sleep(POLL);
        }
        Ok(alive)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, and not used after.
        unsafe { glim_ranks_leave(self.0) }
    }
}

/// The place where this rank has met all others.
#[derive(Debug)]
pub(super) struct Meeting {
    store: Arc<Store>,
    place: Place,
    loopback: Option<IpAddr>,
}

impl Meeting {
    /// Waits until all ranks have come.
    ///
    /// # Errors
    /// If one has not within `timeout`, or the place cannot be reached.
    pub(super) fn join(place: &Place, timeout: Duration) -> Result<Meeting, RankError> {
        let failed = |missing: Vec<usize>, reason: String| RankError::Meeting {
            rank: place.rank,
            size: place.size,
            address: place.address(),
            missing,
            reason,
        };
        let loopback = place.loopback().map_err(|error| failed(Vec::new(), error.to_string()))?;
        let end = Instant::now() + timeout;
        let too_late = || format!("it did not answer within {} ms", timeout.as_millis());
        let asked = place.clone();
        let opened = within(timeout + SLACK, move || Store::open(&asked, loopback, timeout));
        // Where no store answers, the rank that keeps it is not there.
        let keeper = || if place.serves() || place.restarts.is_some() { Vec::new() } else { vec![0] };
        let store = opened.unwrap_or_else(|| Err(too_late())).map_err(|reason| failed(keeper(), reason))?;
        let meeting = Meeting { store: Arc::new(store), place: place.clone(), loopback };

        let (store, rank, size) = (Arc::clone(&meeting.store), place.rank, place.size);
        let left = end.saturating_duration_since(Instant::now());
        let here = within(left + SLACK, move || {
            store.tell("here", rank)?;
            loop {
                let here = store.those_that_told("here", size)?;
                if here.len() == size || Instant::now() >= end {
                    return Ok(here);
                }
                std::thread::sleep(POLL);
            }
        });
        let here: Vec<usize> = here.unwrap_or_else(|| Err(too_late())).map_err(|reason| failed(keeper(), reason))?;
        if here.len() == size {
            return Ok(meeting);
        }
        Err(failed(without(size, &here), format!("they did not come within {} ms", timeout.as_millis())))
    }

    /// Tells the others that an operation of this rank has failed; whether the store could be told.
    pub(super) fn report(&self) -> bool {
        let (store, rank) = (Arc::clone(&self.store), self.place.rank);
        within(SLACK, move || store.tell("lost", rank)).is_some_and(|told| told.is_ok())
    }

    /// The ranks that did not [`Meeting::report`], within some seconds; only the one that keeps the store if that cannot be
    /// reached.
    pub(super) fn missing(&self) -> Vec<usize> {
        let (store, place) = (Arc::clone(&self.store), self.place.clone());
        let alive = within(2 * ROLL_CALL + SLACK, move || store.roll_call(&place));
        match alive {
            Some(Ok(alive)) => without(self.place.size, &alive),
            _ => self.keeper(),
        }
    }

    /// The rank that keeps the store, if it is one of the others.
    pub(super) fn keeper(&self) -> Vec<usize> {
        if self.place.serves() || self.place.restarts.is_some() { Vec::new() } else { vec![0] }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn loopback(&self) -> Option<IpAddr> {
        self.loopback
    }

    pub(super) fn as_ptr(&self) -> *const c_void {
        self.store.0
    }
}

fn without(size: usize, there: &[usize]) -> Vec<usize> {
    (0..size).filter(|rank| !there.contains(rank)).collect()
}

fn key(kind: &str, rank: usize) -> CString {
    CString::new(format!("{kind}/{rank}")).expect("it has no zeros")
}

pub(super) fn milliseconds(timeout: Duration) -> i64 {
    i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)
}

/// What C++ said, without the place in its sources and what follows the first line.
pub(super) fn clean(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let text = line.strip_prefix('[').and_then(|rest| Some(rest.split_once(".cc:")?.1.split_once("] ")?.1));
    text.unwrap_or(line).trim_end_matches(['.', ' ']).to_owned()
}

/// What `work` gives, unless it takes longer than `limit`: then its thread is left to itself, since a machine that has
/// vanished without a word can hold a read from its socket forever.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().name("glim-ranks".to_owned());
    thread.spawn(move || sender.send(work())).ok()?;
    receiver.recv_timeout(limit).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A store that is kept until what comes back is dropped, as `torchrun` keeps one.
    pub(in crate::ranks) fn keep(place: &Place) -> impl Sized + use<> {
        Store::open(place, place.loopback().unwrap(), Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn messages_are_shown_without_their_place_in_the_sources() {
        let message =
            "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:4";
        assert_eq!(clean(message), "Connection closed by peer [127.0.0.1]:4");
        assert_eq!(clean("wait timeout after 100ms. \nException raised"), "wait timeout after 100ms");
    }

    #[test]
    fn a_call_that_does_not_end_is_left() {
        let (_sender, receiver) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(20), move || receiver.recv()), None);
        assert_eq!(within(Duration::from_secs(60), || 3), Some(3));
    }
}
