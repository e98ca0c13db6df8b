//! The connections between ranks: c10d's Gloo for the CPU, and NCCL beside it for GPUs.

use std::ffi::{CString, c_char, c_void};
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

use super::meeting::{Meeting, clean, milliseconds};
use crate::door;

unsafe extern "C" {
    fn glim_ranks_connect(
        group: *mut *mut c_void,
        meeting: *const c_void,
        rank: i32,
        size: i32,
        timeout_ms: i64,
        loopback: *const c_char,
        cuda: bool,
    ) -> *mut c_char;
    fn glim_ranks_abort(group: *mut c_void);
    fn glim_ranks_disconnect(group: *mut c_void);
    fn glim_ranks_all_reduce(group: *mut c_void, tensor: *const C_tensor) -> *mut c_char;
    fn glim_ranks_broadcast(group: *mut c_void, tensor: *const C_tensor, root: i32) -> *mut c_char;
    fn glim_ranks_reduce_scatter(group: *mut c_void, output: *const C_tensor, input: *const C_tensor) -> *mut c_char;
    fn glim_ranks_all_gather(group: *mut c_void, output: *const C_tensor, input: *const C_tensor) -> *mut c_char;
    fn glim_ranks_barrier(group: *mut c_void) -> *mut c_char;
}

/// Each operation must be called by all ranks, in the same order, and gives what went wrong on the way. Tensors are
/// contiguous and on a device that was connected.
#[derive(Debug)]
pub(super) struct Group(*mut c_void);

// SAFETY: it may be used by any thread, and is by one at a time, since it cannot be shared.
unsafe impl Send for Group {}

impl Group {
    /// Connects with all ranks that have met; a wait of an operation in which nothing moves for `timeout` fails.
    pub(super) fn connect(meeting: &Meeting, timeout: Duration, cuda: bool) -> Result<Group, String> {
        let loopback = meeting.loopback().map(|ip| CString::new(ip.to_string()).expect("an address has no zeros"));
        let place = meeting.place();
        let mut group = std::ptr::null_mut();
        // SAFETY: the meeting is alive, the address is null or a string of C, and `group` a place to write to.
        let message = unsafe {
            glim_ranks_connect(
                &mut group,
                meeting.as_ptr(),
                number(place.rank),
                number(place.size),
                milliseconds(timeout),
                loopback.as_ref().map_or(std::ptr::null(), |ip| ip.as_ptr()),
                cuda,
            )
        };
        result(message).map(|()| Group(group))
    }

    pub(super) fn all_reduce(&self, tensor: &Tensor) -> Result<(), String> {
        // SAFETY: the group is connected, and the tensor alive.
        result(unsafe { glim_ranks_all_reduce(self.0, tensor.as_ptr()) })
    }

    pub(super) fn broadcast(&self, tensor: &Tensor, root: usize) -> Result<(), String> {
        // SAFETY: as above.
        result(unsafe { glim_ranks_broadcast(self.0, tensor.as_ptr(), number(root)) })
    }

    /// # Shapes
    /// - `input`: `[size * share]`; `output`: `[share]`
    pub(super) fn reduce_scatter(&self, output: &Tensor, input: &Tensor) -> Result<(), String> {
        // SAFETY: as above; torch checks the shapes.
        result(unsafe { glim_ranks_reduce_scatter(self.0, output.as_ptr(), input.as_ptr()) })
    }

    /// # Shapes
    /// - `input`: `[share]`; `output`: `[size * share]`
    pub(super) fn all_gather(&self, output: &Tensor, input: &Tensor) -> Result<(), String> {
        // SAFETY: as above.
        result(unsafe { glim_ranks_all_gather(self.0, output.as_ptr(), input.as_ptr()) })
    }

    pub(super) fn barrier(&self) -> Result<(), String> {
        // SAFETY: the group is connected.
        result(unsafe { glim_ranks_barrier(self.0) })
    }

    /// Closes the connections after a failure.
    pub(super) fn abort(self) {
        let group = std::mem::ManuallyDrop::new(self);
        // SAFETY: connected once, and not used after: it is not dropped again.
        unsafe { glim_ranks_abort(group.0) }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: connected once, and not used after.
        unsafe { glim_ranks_disconnect(self.0) }
    }
}

fn number(rank: usize) -> i32 {
    i32::try_from(rank).expect("ranks are numbered in i32")
}

fn result(message: *mut c_char) -> Result<(), String> {
    door::take(message).map_or(Ok(()), |message| Err(clean(&message)))
}
