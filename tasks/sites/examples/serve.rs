//! Puts a site up to click around in by hand: `cargo run -p glim-sites --example serve -- shop 8080 [SEED]`.

#![allow(clippy::print_stdout, missing_docs)]

use glim_env::Seed;
use glim_sites::{Instance, Shop, Site, Tracker, Travel};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let site = arguments.next().unwrap_or_else(|| Shop::NAME.to_owned());
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let seed = Seed(arguments.next().map_or(Ok(0), |seed| seed.parse())?);
    match site.as_str() {
        Shop::NAME => serve::<Shop>(seed, port).await,
        Tracker::NAME => serve::<Tracker>(seed, port).await,
        Travel::NAME => serve::<Travel>(seed, port).await,
        other => Err(format!("there is no site `{other}`").into()),
    }
}

async fn serve<S: Site>(seed: Seed, port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let instance = Instance::<S>::open_at(seed, port)?;
    println!("{} is at http://{}", S::NAME, instance.addr());
    std::future::pending().await
}
