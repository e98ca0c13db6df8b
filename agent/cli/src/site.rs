//! `glim site`: a bundled site for a person to click around in.

use std::any::Any;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Result, bail};
use glim_env::Seed;
use glim_sites::{Instance, Shop, Tracker, Travel};

use crate::arguments::Site;
use crate::eval::say;

pub(crate) async fn site(arguments: &Site) -> Result<ExitCode> {
    let serving = open(&arguments.name, Seed(arguments.seed))?;
    say(&format!("{} at http://{}/, on this machine only; Ctrl-C to end it", arguments.name, serving.1));
    tokio::signal::ctrl_c().await?;
    Ok(ExitCode::SUCCESS)
}

/// Opens a bundled site: what keeps it open, and where it is.
pub(crate) fn open(name: &str, seed: Seed) -> Result<(Box<dyn Any + Send>, SocketAddr)> {
    Ok(match name {
        "shop" => keep(Instance::<Shop>::open(seed)?, Instance::addr),
        "tracker" => keep(Instance::<Tracker>::open(seed)?, Instance::addr),
        "travel" => keep(Instance::<Travel>::open(seed)?, Instance::addr),
        name => bail!("there is no site `{name}`; there are shop, tracker and travel"),
    })
}

fn keep<I: Send + 'static>(instance: I, address: impl Fn(&I) -> SocketAddr) -> (Box<dyn Any + Send>, SocketAddr) {
    let address = address(&instance);
    (Box::new(instance), address)
}
