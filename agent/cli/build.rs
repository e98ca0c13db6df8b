//! Links with libtorch if models are wanted.

#[path = "../../kernels/link_libtorch.rs"]
mod link_libtorch;

fn main() {
    if std::env::var_os("CARGO_FEATURE_TORCH").is_some() {
        link_libtorch::main();
    }
}
