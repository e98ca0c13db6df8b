//! Which libtorch this program runs with, and where the GPU's part of it is.
//!
//! A program is linked with the CPU's part alone. `scripts/setup --cuda` puts the rest into a folder beside it, with the
//! same name and `-cuda` at its end.

use std::path::{Path, PathBuf};

const CPU: &str = "libtorch_cpu.so";
const CUDA: &str = "libtorch_cuda.so";

/// The `libtorch_cpu.so` that is loaded into this process; None where the system does not tell.
pub fn loaded() -> Option<PathBuf> {
    mapped(&std::fs::read_to_string("/proc/self/maps").ok()?, CPU)
}

/// The version that a libtorch gives itself, by the path of one of its libraries: `2.11.0`.
pub fn version(library: &Path) -> Option<String> {
    let prefix = library.parent()?.parent()?;
    if let Ok(version) = std::fs::read_to_string(prefix.join("build-version")) {
        return Some(version.trim().to_owned());
    }
    let source = std::fs::read_to_string(prefix.join("version.py")).ok()?;
    source.lines().find_map(|line| Some(line.strip_prefix("__version__ = '")?.strip_suffix('\'')?.to_owned()))
}

/// The `libtorch_cuda.so` to be opened where there is a GPU: the one in the folder that `GLIM_LIBTORCH_CUDA` names,
/// whether or not it is there; else one beside the library that is [`loaded`], else in the folder that
/// `scripts/setup --cuda` makes.
pub fn cuda_library() -> Option<PathBuf> {
    let named = std::env::var_os("GLIM_LIBTORCH_CUDA").filter(|it| !it.is_empty()).map(PathBuf::from);
    named.map(|folder| folder.join(CUDA)).or_else(|| cuda_beside(&loaded()?))
}

fn cuda_beside(cpu: &Path) -> Option<PathBuf> {
    let libraries = cpu.parent()?;
    let prefix = libraries.parent()?;
    let mut name = prefix.file_name()?.to_owned();
    name.push("-cuda");
    [libraries.join(CUDA), prefix.with_file_name(name).join("lib").join(CUDA)].into_iter().find(|path| path.is_file())
}

/// The path of a library in a process's list of mappings: `7f..-7f.. r--p 00000000 fe:00 71 /path with spaces/name.so`.
fn mapped(maps: &str, name: &str) -> Option<PathBuf> {
    let paths = maps.lines().filter_map(|line| line.find('/').map(|start| Path::new(&line[start..])));
    paths.into_iter().find(|path| path.file_name().is_some_and(|it| it == name)).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libtorch_that_runs_is_the_one_that_was_linked() {
        // Something of torch must be used, or the linker leaves it out.
        assert!(!tch::Tensor::from(1.0).requires_grad());
        let library = loaded().expect("Linux tells what is loaded");
        assert!(library.is_file());
        assert!(version(&library).is_some_and(|it| it.starts_with("2.11.")), "{}", library.display());
    }

    #[test]
    fn a_mapping_is_found_by_its_file_name() {
        let maps = "7f00-7f10 r--p 00000000 fe:00 71    /usr/lib/libtorch_cpu.so.old\n7f10-7f20 rw-p 00000000 00:00 0\n\
                    7f20-7f30 r--p 00000000 fe:00 72    /a folder/lib/libtorch_cpu.so\n";
        assert_eq!(mapped(maps, CPU), Some(PathBuf::from("/a folder/lib/libtorch_cpu.so")));
        assert_eq!(mapped(maps, CUDA), None);
    }

    #[test]
    fn the_part_for_gpus_is_found_beside_the_one_for_the_cpu() {
        let base = std::env::temp_dir().join(format!("glim-libtorch-{}", std::process::id()));
        let cpu = base.join("libtorch-2.11.0/lib/libtorch_cpu.so");
        let beside = base.join("libtorch-2.11.0-cuda/lib/libtorch_cuda.so");
        std::fs::create_dir_all(beside.parent().expect("it has a folder")).expect("a temporary folder");
        assert_eq!(cuda_beside(&cpu), None);
        std::fs::write(&beside, "").expect("a temporary file");
        assert_eq!(cuda_beside(&cpu), Some(beside));
        std::fs::remove_dir_all(base).expect("it was made above");
    }
}
