//! What needs no processes of its own; `kernels/tests/ranks.rs` has the rest.

use std::net::TcpListener;
use std::time::Instant;

use super::*;

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn place(rank: usize, size: usize, port: u16) -> Place {
    Place { rank, size, local_rank: rank, host: "localhost".to_owned(), port, restarts: None }
}

fn within(limit: Duration) -> Limits {
    Limits { meeting: limit, operation: limit }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn alone_all_operations_keep_what_is_there() {
    let alone = World::join(&place(0, 1, 1), Device::Cpu, within(Duration::ZERO)).unwrap();
    for world in [World::single(), alone] {
        let values = Tensor::arange(6, FLOAT).view([2, 3]).tr();
        let mut tensors = [values.copy()];
        world.all_reduce_sum(&mut tensors).unwrap();
        world.broadcast(&mut tensors, 0).unwrap();
        assert_eq!(tensors[0], values);
        assert_eq!(world.share(6), 0..6);
        let share = world.reduce_scatter_sum(&values).unwrap();
        assert_eq!(share, values.reshape(-1));
        assert_eq!(world.all_gather(&share, 6).unwrap(), share);
        assert_eq!(world.all_gather_bytes(b"loss").unwrap(), [b"loss"]);
        world.barrier().unwrap();
    }
}

#[test]
fn shares_cover_everything_once() {
    for size in 1..6 {
        for length in 0..20 {
            let shares = (0..size).map(|rank| World { rank, size, device: Device::Cpu, links: None }.share(length));
            let elements: Vec<i64> = shares.flatten().collect();
            assert_eq!(elements, (0..length).collect::<Vec<_>>(), "{length} elements on {size} ranks");
        }
    }
}

#[test]
fn ranks_that_do_not_come_are_named() {
    let port = free_port();
    let limit = Duration::from_millis(500);
    let error = World::join(&place(0, 3, port), Device::Cpu, within(limit)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(&error, RankError::Meeting { missing, .. } if *missing == [1, 2]), "{text}");
    assert!(
        text.contains("ranks 1, 2") && text.contains("500 ms") && text.contains(&format!("localhost:{port}")),
        "{text}"
    );

    let started = Instant::now();
    let error = World::join(&place(1, 3, free_port()), Device::Cpu, within(limit)).unwrap_err();
    assert!(matches!(&error, RankError::Meeting { missing, .. } if *missing == [0]), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = World::join(&place(0, 2, port), Device::Cpu, within(Duration::from_secs(60))).unwrap_err().to_string();
    assert!(error.contains(&format!("localhost:{port}")) && error.contains("in use"), "{error}");
}

#[test]
fn something_else_at_the_meeting_place_is_told() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let started = Instant::now();
    let error = World::join(&place(1, 2, port), Device::Cpu, within(Duration::from_secs(1))).unwrap_err().to_string();
    assert!(error.contains(&format!("localhost:{port}")), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn ranks_meet_in_the_store_that_torchrun_keeps() {
    let port = free_port();
    let of_start = |rank, restarts| Place { restarts: Some(restarts), ..place(rank, 2, port) };
    let _agent = meeting::tests::keep(&place(0, 2, port));
    // Two starts one after the other: what the first left behind must not be met by the second.
    for restarts in 0..2 {
        let ranks = [0, 1].map(|rank| {
            let place = of_start(rank, restarts);
            std::thread::spawn(move || {
                let world = World::join(&place, Device::Cpu, within(Duration::from_secs(60))).unwrap();
                world.all_gather_bytes(&[u8::try_from(10 * world.rank()).unwrap()]).unwrap()
            })
        });
        for rank in ranks {
            assert_eq!(rank.join().unwrap(), [[0], [10]]);
        }
    }
}

#[test]
#[should_panic(expected = "cannot be sent")]
fn a_kind_that_no_backend_knows_is_ours() {
    let _ = World::single().send("all_reduce_sum", &Tensor::zeros([1], (Kind::ComplexFloat, Device::Cpu)), |_| Ok(()));
}
