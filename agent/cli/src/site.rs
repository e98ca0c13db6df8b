//! `glim site`: a bundled site for a person to click around in.

use std::process::ExitCode;

use anyhow::{Result, bail};
use glim_env::Seed;
use glim_sites::{Instance, Shop, Tracker, Travel};

use crate::arguments::Site;
use crate::eval::say;

pub(crate) async fn site(arguments: &Site) -> Result<ExitCode> {
    let seed = Seed(arguments.seed);
    let serving: (Box<dyn std::any::Any>, std::net::SocketAddr) = match arguments.name.as_str() {
        "shop" => keep(Instance::<Shop>::open(seed)?, Instance::addr),
        "tracker" => keep(Instance::<Tracker>::open(seed)?, Instance::addr),
        "travel" => keep(Instance::<Travel>::open(seed)?, Instance::addr),
        name => bail!("there is no site `{name}`; there are shop, tracker and travel"),
    };
    say(&format!("{} at http://{}/, on this machine only; Ctrl-C to end it", arguments.name, serving.1));
    tokio::signal::ctrl_c().await?;
    Ok(ExitCode::SUCCESS)
}

fn keep<I: 'static>(
    instance: I,
    address: impl Fn(&I) -> std::net::SocketAddr,
) -> (Box<dyn std::any::Any>, std::net::SocketAddr) {
    let address = address(&instance);
    (Box::new(instance), address)
}
