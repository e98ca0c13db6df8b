//! Many processes that work as one, through libtorch's own c10d: Gloo between CPUs, NCCL between GPUs.
//!
//! Each process is a rank. It is started with the variables that `torchrun` sets, by that or by hand:
//!
//! ```text
//! RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500 glim train ...
//! RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500 glim train ...
//! ```
//!
//! All ranks call the same operations in the same order with the same shapes. A rank that dies is no panic: the others get
//! a [`RankError`] that names it, at once where its connections close, else within the limit, and close their own, so
//! that no rank waits for another. Then all are started again from the last checkpoint.
//!
//! Where `MASTER_ADDR` is the machine itself (`127.0.0.1`, `localhost`) nothing listens to other machines. Elsewhere c10d
//! listens without a password on the interface of the host's name, or on that which `GLOO_SOCKET_IFNAME` names: that
//! network must be one's own.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use tch::{Device, Kind, Tensor};

use crate::cuda;
use group::Group;
use meeting::Meeting;

mod buckets;
mod error;
mod group;
mod meeting;
mod place;

pub use error::RankError;
pub use place::Place;

/// How long a rank waits for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until all have come: machines may start minutes apart.
    pub meeting: Duration,
    /// In one operation without anything moving; longer than the longest time in which one works and the others wait.
    pub operation: Duration,
}

/// All ranks, seen from one of them. Dropped, it closes the connections.
#[derive(Debug)]
pub struct World {
    rank: usize,
    size: usize,
    device: Device,
    /// None where this rank is the only one.
    links: Option<Links>,
}

#[derive(Debug)]
struct Links {
    /// None after a failure.
    group: RefCell<Option<Group>>,
    meeting: Meeting,
}

impl World {
    /// A process that works alone; all operations are done at once.
    pub fn single() -> World {
        World { rank: 0, size: 1, device: Device::Cpu, links: None }
    }

    /// Waits until all ranks are there and connects them, also for tensors of `device` if that is a GPU.
    ///
    /// # Errors
    /// If they do not come, cannot be reached, or there is no GPU.
    ///
    /// # Panics
    /// If `device` is neither the CPU nor a CUDA GPU.
    pub fn join(place: &Place, device: Device, limits: Limits) -> Result<World, RankError> {
        assert!(matches!(device, Device::Cpu | Device::Cuda(_)), "{device:?} has no way to other ranks");
        if device.is_cuda() {
            cuda::open()?;
        }
        let mut world = World { rank: place.rank, size: place.size, device, links: None };
        if place.size > 1 {
            let meeting = Meeting::join(place, limits.meeting)?;
            let group =
                Group::connect(&meeting, limits.operation, device.is_cuda()).map_err(|reason| RankError::Meeting {
                    rank: place.rank,
                    size: place.size,
                    address: place.address(),
                    missing: Vec::new(),
                    reason,
                })?;
            world.links = Some(Links { group: RefCell::new(Some(group)), meeting });
        }
        Ok(world)
    }

    /// The number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many processes there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Which of `length` elements belong to this rank when they are shared: all ranks have the same number of them but the
    /// last ones, which may have fewer or none.
    pub fn share(&self, length: i64) -> Range<i64> {
        let (rank, chunk) = (self.rank as i64, self.chunk(length));
        (rank * chunk).min(length)..((rank + 1) * chunk).min(length)
    }

    /// Puts the sum over all ranks into each tensor, in place and bit for bit the same on all; small ones travel together.
    ///
    /// # Errors
    /// If a rank cannot be reached; then some of the tensors may be summed, and some not.
    ///
    /// # Panics
    /// If a tensor has a kind or device that cannot be sent.
    pub fn all_reduce_sum(&self, tensors: &mut [Tensor]) -> Result<(), RankError> {
        self.in_buckets("all_reduce_sum", tensors, |group, flat| group.all_reduce(flat))
    }

    /// Puts what rank `root` has into each tensor, in place.
    ///
    /// # Errors
    /// If a rank cannot be reached; then some of the tensors may be those of `root`, and some not.
    ///
    /// # Panics
    /// If there is no such rank, or a tensor has a kind or device that cannot be sent.
    pub fn broadcast(&self, tensors: &mut [Tensor], root: usize) -> Result<(), RankError> {
        assert!(root < self.size, "there is no rank {root} of {}", self.size);
        self.in_buckets("broadcast", tensors, |group, flat| group.broadcast(flat, root))
    }

    /// This rank's [`share`](World::share) of the sum of a tensor over all ranks, flat.
    ///
    /// # Shapes
    /// - `tensor`: any, the same on all ranks; returns `[share]`
    ///
    /// # Errors
    /// If a rank cannot be reached.
    ///
    /// # Panics
    /// If the tensor has a kind or device that cannot be sent.
    pub fn reduce_scatter_sum(&self, tensor: &Tensor) -> Result<Tensor, RankError> {
        let flat = tensor.detach().reshape(-1); // [length]
        let length = flat.size()[0];
        if self.links.is_none() || length == 0 {
            return Ok(flat.copy());
        }
        let chunk = self.chunk(length);
        let padded = padded(&flat, chunk * self.size as i64); // [size * chunk]
        let output = Tensor::empty([chunk], (flat.kind(), flat.device()));
        self.send("reduce_scatter_sum", &padded, |group| group.reduce_scatter(&output, &padded))?;
        let share = self.share(length);
        Ok(output.narrow(0, 0, share.end - share.start))
    }

    /// The whole of which each rank has its [`share`](World::share).
    ///
    /// # Shapes
    /// - `share`: `[share]`; returns `[length]`
    ///
    /// # Errors
    /// If a rank cannot be reached.
    ///
    /// # Panics
    /// If `share` is not that of this rank, or has a kind or device that cannot be sent.
    pub fn all_gather(&self, share: &Tensor, length: i64) -> Result<Tensor, RankError> {
        self.gather("all_gather", share, length)
    }

    /// What each rank has, by rank: any number of bytes.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn all_gather_bytes(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, RankError> {
        let operation = "all_gather_bytes";
        let ranks = self.size as i64;
        let lengths = Tensor::from_slice(&[bytes.len() as i64]);
        let lengths = self.gather(operation, &lengths, ranks)?;
        let lengths = Vec::<i64>::try_from(lengths).expect("a flat tensor of this kind");
        let longest = lengths.iter().copied().max().expect("there is a rank");
        if longest == 0 {
            return Ok(vec![Vec::new(); self.size]);
        }
        let padded = padded(&Tensor::from_slice(bytes), longest);
        let all = self.gather(operation, &padded, longest * ranks)?;
        let all = Vec::<u8>::try_from(all).expect("a flat tensor of this kind");
        let length = |length: &i64| usize::try_from(*length).expect("ranks tell how many bytes they have");
        Ok(all.chunks_exact(length(&longest)).zip(&lengths).map(|(it, own)| it[..length(own)].to_vec()).collect())
    }

    /// Waits until all ranks have come here.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn barrier(&self) -> Result<(), RankError> {
        self.call("barrier", Group::barrier)
    }

    fn chunk(&self, length: i64) -> i64 {
        let size = self.size as i64;
        (length + size - 1) / size
    }

    fn gather(&self, operation: &'static str, share: &Tensor, length: i64) -> Result<Tensor, RankError> {
        let own = self.share(length);
        let (here, chunk) = (own.end - own.start, self.chunk(length));
        assert_eq!(share.size(), [here], "the share of rank {} of {} in {length}", self.rank, self.size);
        if self.links.is_none() || length == 0 {
            return Ok(share.detach().copy());
        }
        let padded = padded(&share.detach(), chunk); // [chunk]
        let output = Tensor::empty([chunk * self.size as i64], (share.kind(), share.device()));
        self.send(operation, &padded, |group| group.all_gather(&output, &padded))?;
        Ok(output.narrow(0, 0, length))
    }

    fn in_buckets(
        &self,
        operation: &'static str,
        tensors: &mut [Tensor],
        call: impl Fn(&Group, &Tensor) -> Result<(), String>,
    ) -> Result<(), RankError> {
        if self.links.is_none() {
            return Ok(());
        }
        buckets::in_buckets(tensors, |flat| self.send(operation, flat, |group| call(group, flat)))
    }

    /// Does an operation with a tensor, which must be one that can be sent.
    fn send(
        &self,
        operation: &'static str,
        tensor: &Tensor,
        call: impl FnOnce(&Group) -> Result<(), String>,
    ) -> Result<(), RankError> {
        let device = tensor.device();
        assert!(
            device == Device::Cpu || device == self.device,
            "ranks were joined for {:?}, not {device:?}",
            self.device
        );
        let kinds =
            [Kind::Float, Kind::Double, Kind::Half, Kind::BFloat16, Kind::Int64, Kind::Int, Kind::Int8, Kind::Uint8];
        assert!(kinds.contains(&tensor.kind()), "{:?} cannot be sent to other ranks", tensor.kind());
        self.call(operation, call)
    }

    fn call(&self, operation: &'static str, call: impl FnOnce(&Group) -> Result<(), String>) -> Result<(), RankError> {
        let Some(links) = &self.links else { return Ok(()) };
        let (rank, size) = (self.rank, self.size);
        let mut group = links.group.borrow_mut();
        let result = group.as_ref().map(call).ok_or(RankError::Closed { operation, rank, size })?;
        result.map_err(|reason| {
            // The connections close only when the others can learn why.
            let reported = links.meeting.report();
            group.take().expect("it has just been used").abort();
            let unreachable = if reported { links.meeting.missing() } else { links.meeting.keeper() };
            RankError::Lost { operation, rank, size, unreachable, reason }
        })
    }
}

/// A flat tensor with zeros behind it, contiguous.
fn padded(flat: &Tensor, length: i64) -> Tensor {
    let missing = length - flat.size()[0];
    if missing == 0 { flat.contiguous() } else { flat.constant_pad_nd([0, missing]) }
}

#[cfg(test)]
mod tests;
