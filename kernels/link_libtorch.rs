//! The build script of every crate that makes a program or a test with libtorch.
//!
//! It writes into them where libtorch is, so that they start without `LD_LIBRARY_PATH`, which still goes before it where
//! it is set. `scripts/setup` tells cargo the place as `LIBTORCH`. torch-sys knows it too, but cargo hands what a build
//! script learned only to the crates that name its crate, and those that use torch name tch.

#![allow(clippy::print_stdout, reason = "that is how a build script speaks")]

use std::path::Path;

/// Where a distribution's own libtorch would be; torch-sys looks there, and so does the loader.
const SYSTEM: &str = "/usr/lib/libtorch.so";

pub(crate) fn main() {
    for variable in ["LIBTORCH", "LIBTORCH_LIB", "LIBTORCH_USE_PYTORCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    // Only the environment matters; without this line any changed file of the crate would count.
    println!("cargo::rerun-if-changed=Cargo.toml");
    let prefix = std::env::var("LIBTORCH_LIB").or_else(|_| std::env::var("LIBTORCH"));
    match prefix {
        Ok(prefix) => {
            let libraries = Path::new(&prefix).join("lib");
            if libraries.is_dir() {
                println!("cargo::rustc-link-arg=-Wl,-rpath,{}", libraries.display());
            } else {
                println!(
                    "cargo::error=LIBTORCH names `{prefix}`, which has no folder `lib`: run scripts/setup, which installs \
                     libtorch and tells cargo where it is"
                );
            }
        }
        Err(_) if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() || Path::new(SYSTEM).exists() => {}
        Err(_) => println!(
            "cargo::error=there is no libtorch to build with: run scripts/setup, which installs it and tells cargo where \
             it is; for a glim without models: cargo build -p glim --no-default-features"
        ),
    }
}
