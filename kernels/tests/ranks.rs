//! Ranks as real processes on this machine: each test starts itself again, once for each rank.

use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use glim_kernels::ranks::{Limits, Place, RankError, World};
use tch::{Device, Kind, Tensor};

/// Set for the processes that are ranks; how long they wait in an operation, in ms.
const OPERATION: &str = "GLIM_TEST_RANK_LIMIT_MS";
/// Far above what any test takes; a test that meets it has failed.
const LIMIT: Duration = Duration::from_secs(120);
/// What a survivor may take to learn that another rank is dead.
const SOON: Duration = Duration::from_secs(20);

/// The rank that this process is, if it is one.
fn this_rank() -> Option<World> {
    let operation = Duration::from_millis(std::env::var(OPERATION).ok()?.parse().expect("a test sets milliseconds"));
    let place = Place::from_environment().expect("the variables have sense").expect("the variables are set");
    Some(World::join(&place, Device::Cpu, Limits { meeting: LIMIT, operation }).expect("all ranks come"))
}

/// Starts `test` once for each rank.
fn start(test: &str, size: usize, operation: Duration) -> Vec<Child> {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("a free port").port();
    let rank = |rank: usize| {
        Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--exact", test, "--nocapture"])
            .env("RANK", rank.to_string())
            .env("LOCAL_RANK", rank.to_string())
            .env("WORLD_SIZE", size.to_string())
            .env("MASTER_ADDR", "127.0.0.1")
            .env("MASTER_PORT", port.to_string())
            .env("OMP_NUM_THREADS", "1")
            .env(OPERATION, operation.as_millis().to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program can be started again")
    };
    (0..size).map(rank).collect()
}

/// Waits for a rank to end, and kills it where it does not.
fn end(mut child: Child) -> Output {
    let started = Instant::now();
    while child.try_wait().expect("it was started here").is_none() {
        if started.elapsed() > LIMIT {
            child.kill().expect("it can be ended");
            let output = child.wait_with_output().expect("it has ended");
            panic!("a rank did not end within {LIMIT:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().expect("it has ended")
}

fn succeed(outputs: impl IntoIterator<Item = Output>) {
    for output in outputs {
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{text}");
    }
}

/// In a rank: does `body`. Otherwise: starts `test` with two ranks and with three, which must all succeed.
fn in_ranks(test: &str, body: impl Fn(&World)) {
    if let Some(world) = this_rank() {
        return body(&world);
    }
    for size in [2, 3] {
        let ranks = start(test, size, LIMIT);
        succeed(ranks.into_iter().map(end));
    }
}

/// What `rank` has: numbers that differ by rank, seed and place.
fn values(rank: usize, seed: i64, shape: &[i64]) -> Tensor {
    let length: i64 = shape.iter().product();
    let place = Tensor::arange(length, (Kind::Double, Device::Cpu));
    ((place + (1.7 * rank as f64 + 0.3 * seed as f64)) * 12.9898).sin().view(shape)
}

/// The sum that one process computes alone.
fn sum(size: usize, seed: i64, shape: &[i64]) -> Tensor {
    (0..size).map(|rank| values(rank, seed, shape)).sum()
}

fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.size(), expected.size());
    if got.numel() > 0 {
        let error = (got.to_kind(Kind::Double) - expected).abs().max().double_value(&[]);
        assert!(error <= tolerance, "{error} apart");
    }
}

#[test]
fn sums_are_those_of_one_process() {
    let shapes: [&[i64]; 5] = [&[3, 5], &[7], &[0], &[1], &[2, 3, 4]];
    in_ranks("sums_are_those_of_one_process", |world| {
        // Three values are summed, each below 1: the errors are some units in the last place of each kind.
        for (kind, tolerance) in [(Kind::Float, 1e-6), (Kind::Double, 1e-14), (Kind::BFloat16, 0.05)] {
            let own = |(seed, shape): (usize, &&[i64])| values(world.rank(), seed as i64, shape).to_kind(kind);
            let mut tensors: Vec<Tensor> = shapes.iter().enumerate().map(own).collect();
            tensors.push(values(world.rank(), 9, &[5, 2]).to_kind(kind).tr());
            world.all_reduce_sum(&mut tensors).unwrap();
            for (seed, shape) in shapes.iter().enumerate() {
                assert_close(&tensors[seed], &sum(world.size(), seed as i64, shape), tolerance);
            }
            assert_close(&tensors[5], &sum(world.size(), 9, &[5, 2]).tr(), tolerance);
        }
        let mut counts = [Tensor::from_slice(&[world.rank() as i64, 1])];
        world.all_reduce_sum(&mut counts).unwrap();
        let size = world.size() as i64;
        assert_eq!(counts[0], Tensor::from_slice(&[size * (size - 1) / 2, size]));
    });
}

#[test]
fn all_ranks_have_the_same_sums_bit_for_bit() {
    in_ranks("all_ranks_have_the_same_sums_bit_for_bit", |world| {
        // 28 MB are more than a bucket.
        let own = |seed, length| values(world.rank(), seed, &[length]).to_kind(Kind::Float);
        let mut tensors = [own(0, 11), own(1, 7_000_000), own(2, 1000)];
        world.all_reduce_sum(&mut tensors).unwrap();
        let bits: Vec<u8> = tensors
            .iter()
            .flat_map(|it| Vec::<f32>::try_from(it.copy()).unwrap())
            .step_by(13)
            .flat_map(f32::to_le_bytes)
            .collect();
        let all = world.all_gather_bytes(&bits).unwrap();
        assert!(all.iter().all(|other| *other == bits), "ranks have different sums");
    });
}

#[test]
fn any_rank_can_tell_the_others() {
    in_ranks("any_rank_can_tell_the_others", |world| {
        for root in 0..world.size() {
            let mut tensors = [values(world.rank(), 0, &[3, 5]), values(world.rank(), 1, &[4, 2]).tr()];
            world.broadcast(&mut tensors, root).unwrap();
            assert_eq!(tensors[0], values(root, 0, &[3, 5]));
            assert_eq!(tensors[1], values(root, 1, &[4, 2]).tr());
        }
    });
}

#[test]
fn shares_are_summed_and_put_together_again() {
    in_ranks("shares_are_summed_and_put_together_again", |world| {
        for length in [0, 1, 2, 5, 6, 7, 1000] {
            let whole = sum(world.size(), length, &[length]);
            let own = values(world.rank(), length, &[length]);
            let share = world.reduce_scatter_sum(&own).unwrap();
            let range = world.share(length);
            assert_close(&share, &whole.narrow(0, range.start, range.end - range.start), 1e-14);
            assert_close(&world.all_gather(&share, length).unwrap(), &whole, 1e-14);
        }
        let strided = values(world.rank(), 0, &[3, 5]).tr();
        let share = world.reduce_scatter_sum(&strided).unwrap();
        assert_close(&world.all_gather(&share, 15).unwrap(), &sum(world.size(), 0, &[3, 5]).tr().reshape(-1), 1e-14);
    });
}

#[test]
fn bytes_of_any_number_are_gathered() {
    in_ranks("bytes_of_any_number_are_gathered", |world| {
        let of = |rank: usize| format!("{{\"rank\":{rank}}}").repeat(rank).into_bytes();
        let all = world.all_gather_bytes(&of(world.rank())).unwrap();
        assert_eq!(all, (0..world.size()).map(of).collect::<Vec<_>>());
        assert_eq!(world.all_gather_bytes(b"").unwrap(), vec![Vec::<u8>::new(); world.size()]);
        world.barrier().unwrap();
    });
}

/// Sums until it fails, which must be soon and name `dead`; then nothing more can be done.
fn outlive(world: &World, dead: usize) {
    let mut tensors = [Tensor::ones([1_000_000], (Kind::Float, Device::Cpu))];
    let mut last = Instant::now();
    let error = loop {
        match world.all_reduce_sum(&mut tensors) {
            Ok(()) => last = Instant::now(),
            Err(error) => break error,
        }
    };
    assert!(last.elapsed() < SOON, "after {:?}: {error}", last.elapsed());
    let text = error.to_string();
    assert!(matches!(&error, RankError::Lost { unreachable, .. } if *unreachable == [dead]), "{text}");
    assert!(text.contains("`all_reduce_sum`") && text.contains(&format!("no answer from rank {dead}")), "{text}");
    assert!(text.contains("started again from the last checkpoint"), "{text}");
    assert!(matches!(world.barrier(), Err(RankError::Closed { operation: "barrier", .. })));
}

fn send_to_self(signal: i32) {
    // SAFETY: a process may send itself any signal.
    unsafe { libc::kill(libc::getpid(), signal) };
}

/// Of `size` ranks, the one numbered `dead` is killed between two sums.
fn kill_one(test: &str, size: usize, dead: usize) {
    if let Some(world) = this_rank() {
        world.barrier().expect("all ranks come here");
        if world.rank() == dead {
            send_to_self(libc::SIGKILL);
        }
        return outlive(&world, dead);
    }
    let mut outputs: Vec<Output> = start(test, size, LIMIT).into_iter().map(end).collect();
    assert!(!outputs.remove(dead).status.success());
    succeed(outputs);
}

#[test]
fn one_of_two_is_killed() {
    kill_one("one_of_two_is_killed", 2, 1);
}

#[test]
fn the_last_of_three_is_killed() {
    kill_one("the_last_of_three_is_killed", 3, 2);
}

#[test]
fn the_first_of_three_is_killed() {
    kill_one("the_first_of_three_is_killed", 3, 0);
}

#[test]
fn a_rank_that_hangs_is_named_after_the_limit() {
    let (test, hung) = ("a_rank_that_hangs_is_named_after_the_limit", 1);
    if let Some(world) = this_rank() {
        world.barrier().unwrap();
        if world.rank() == hung {
            send_to_self(libc::SIGSTOP);
        }
        return outlive(&world, hung);
    }
    let mut ranks = start(test, 3, Duration::from_secs(4));
    let mut stopped = ranks.remove(hung);
    let outputs: Vec<Output> = ranks.into_iter().map(end).collect();
    stopped.kill().unwrap();
    stopped.wait().unwrap();
    succeed(outputs);
}

#[test]
fn a_rank_that_gives_up_ends_the_others() {
    let test = "a_rank_that_gives_up_ends_the_others";
    if let Some(world) = this_rank() {
        world.barrier().unwrap();
        if world.rank() == 1 {
            return drop(world);
        }
        return outlive(&world, 1);
    }
    succeed(start(test, 3, LIMIT).into_iter().map(end));
}

#[test]
fn wrong_variables_are_told() {
    let test = "wrong_variables_are_told";
    if std::env::var_os("RANK").is_some_and(|rank| rank == "two") {
        panic!("{}", Place::from_environment().unwrap_err());
    }
    let variables = [("RANK", "two"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "0"), ("MASTER_ADDR", "127.0.0.1")];
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output =
        command.args(["--exact", test, "--nocapture"]).envs(variables).env("MASTER_PORT", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("`RANK` is `two`, but a rank below `WORLD_SIZE` is a whole number from 0 to 1"), "{text}");
}
