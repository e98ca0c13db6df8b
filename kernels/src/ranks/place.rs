//! Which rank this process is, from the variables that `torchrun` sets.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use super::RankError;

const RANK: &str = "RANK";
const WORLD_SIZE: &str = "WORLD_SIZE";
const LOCAL_RANK: &str = "LOCAL_RANK";
const MASTER_ADDR: &str = "MASTER_ADDR";
const MASTER_PORT: &str = "MASTER_PORT";
/// `True` where `torchrun` itself keeps the meeting place, so that rank 0 must not.
const AGENT_STORE: &str = "TORCHELASTIC_USE_AGENT_STORE";
/// How often `torchrun` has started the ranks again; each start meets apart from those before.
const RESTARTS: &str = "TORCHELASTIC_RESTART_COUNT";

/// A process among many that work as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 0.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
    /// Its number on its machine, which is that of its GPU.
    pub local_rank: usize,
    /// Where rank 0 can be reached by all.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// Where `torchrun` keeps the meeting place: how often it has started the ranks again.
    pub restarts: Option<u32>,
}

impl Place {
    /// By `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR` and `MASTER_PORT`; None where neither of the first two is
    /// set.
    ///
    /// # Errors
    /// If some are missing, or one has a value that makes no sense.
    pub fn from_environment() -> Result<Option<Place>, RankError> {
        Place::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Option<Place>, RankError> {
        let variable = |name| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let Some(set) = [RANK, WORLD_SIZE].into_iter().find(|name| variable(name).is_some()) else { return Ok(None) };
        let required = |name| variable(name).ok_or(RankError::Missing { name, set });
        let size: usize = number(WORLD_SIZE, required(WORLD_SIZE)?, 1..=i32::MAX as usize, "the number of ranks")?;
        let below = 0..=size - 1;
        let place = Place {
            rank: number(RANK, required(RANK)?, below.clone(), "a rank below `WORLD_SIZE`")?,
            size,
            local_rank: number(LOCAL_RANK, required(LOCAL_RANK)?, below, "a rank on this machine below `WORLD_SIZE`")?,
            host: required(MASTER_ADDR)?,
            port: number(MASTER_PORT, required(MASTER_PORT)?, 1..=u16::MAX, "a port")?,
            restarts: None,
        };
        if variable(AGENT_STORE).is_none_or(|value| value != "True") {
            return Ok(Some(place));
        }
        let restarts = variable(RESTARTS).unwrap_or_else(|| "0".to_owned());
        let restarts = Some(number(RESTARTS, restarts, 0..=u32::MAX, "how often the ranks were started again")?);
        Ok(Some(Place { restarts, ..place }))
    }

    /// Whether this process keeps the place where all meet.
    pub(super) fn serves(&self) -> bool {
        self.rank == 0 && self.restarts.is_none()
    }

    /// `host:port`.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The address of this machine for itself alone, if that is where all meet; then nothing of it listens elsewhere.
    ///
    /// # Errors
    /// If there is no such host.
    pub(super) fn loopback(&self) -> std::io::Result<Option<IpAddr>> {
        let addresses: Vec<SocketAddr> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        if addresses.iter().any(|address| !address.ip().is_loopback()) {
            return Ok(None);
        }
        let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        Ok(first.map(SocketAddr::ip))
    }
}

fn number<N: std::str::FromStr + PartialOrd + std::fmt::Display>(
    name: &'static str,
    value: String,
    range: std::ops::RangeInclusive<N>,
    what: &str,
) -> Result<N, RankError> {
    match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            let expected = format!("{what} is a whole number from {} to {}", range.start(), range.end());
            Err(RankError::Variable { name, value, expected })
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(changed: &[(&'static str, &str)]) -> Result<Option<Place>, RankError> {
        let usual =
            [(RANK, "1"), (WORLD_SIZE, "3"), (LOCAL_RANK, "1"), (MASTER_ADDR, "localhost"), (MASTER_PORT, "29500")];
        Place::read(|name| {
            let value = changed.iter().chain(&usual).find(|(it, _)| *it == name).map(|(_, value)| *value);
            value.filter(|it| *it != "absent").map(str::to_owned)
        })
    }

    #[test]
    fn variables_say_which_rank_it_is() {
        let place =
            Place { rank: 1, size: 3, local_rank: 1, host: "localhost".to_owned(), port: 29500, restarts: None };
        assert_eq!(read(&[]), Ok(Some(place)));
        assert_eq!(read(&[(RANK, "absent"), (WORLD_SIZE, "absent")]), Ok(None));
        let agent = read(&[(AGENT_STORE, "True"), (RESTARTS, "2"), (RANK, "0")]).unwrap().unwrap();
        assert_eq!(agent.restarts, Some(2));
        assert!(!agent.serves() && read(&[(RANK, "0")]).unwrap().unwrap().serves());
    }

    #[rstest]
    #[case::rank_is_no_number(
        RANK,
        "one",
        "`RANK` is `one`, but a rank below `WORLD_SIZE` is a whole number from 0 to 2"
    )]
    #[case::rank_is_too_large(RANK, "3", "`RANK` is `3`")]
    #[case::negative_rank(RANK, "-1", "`RANK` is `-1`")]
    #[case::no_ranks(WORLD_SIZE, "0", "`WORLD_SIZE` is `0`")]
    #[case::local_rank_is_too_large(LOCAL_RANK, "8", "`LOCAL_RANK` is `8`")]
    #[case::port_is_too_large(
        MASTER_PORT,
        "70000",
        "`MASTER_PORT` is `70000`, but a port is a whole number from 1 to 65535"
    )]
    #[case::no_address(MASTER_ADDR, "absent", "`MASTER_ADDR` is not set although RANK is")]
    #[case::empty_address(MASTER_ADDR, "", "`MASTER_ADDR` is not set although RANK is")]
    #[case::no_rank(RANK, "absent", "`RANK` is not set although WORLD_SIZE is")]
    fn wrong_variables_are_named(#[case] name: &'static str, #[case] value: &str, #[case] expected: &str) {
        let error = read(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_machine_of_its_own_listens_to_itself_alone() {
        let at = |host: &str| read(&[(MASTER_ADDR, host)]).unwrap().unwrap().loopback().unwrap();
        assert!(at("localhost").is_some_and(|it| it.is_loopback()));
        assert_eq!(at("127.0.0.1"), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(at("192.0.2.1"), None);
    }
}
