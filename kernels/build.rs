//! Compiles the C++ door against the libtorch that torch-sys links.

use std::path::PathBuf;

mod link_libtorch;

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    let lib = std::env::var("DEP_TCH_LIBTORCH_LIB")
        .expect("torch-sys says where libtorch is; `scripts/setup` installs one and `LIBTORCH` names another");
    let lib = PathBuf::from(lib);
    let include = lib.parent().expect("libraries lie in a folder of libtorch").join("include");
    let build = |name: &str, flags: &[&str]| {
        let mut build = cc::Build::new();
        build.cpp(true).std("c++17").opt_level(3).warnings(false);
        build.include(&include).include(include.join("torch/csrc/api/include"));
        for flag in flags {
            build.flag(flag);
        }
        build.file(format!("cpp/{name}.cpp")).compile(&format!("glim_{name}"));
    };
    build("torch", &[]);
    build("cpu", &["-ffast-math", "-fopenmp"]);
    build("backward", &["-ffast-math", "-fopenmp"]);
    build("gpu", &[]);
    build("ranks", &[]);
    link_libtorch::main();
}
