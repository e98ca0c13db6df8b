//! The GPU, opened at run time: the program links the CPU's part of libtorch alone, and loads `libtorch_cuda.so` where
//! there is one.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Why no GPU can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The library could not be loaded.
    #[error(
        "`{library}` could not be loaded: {reason}; `scripts/setup --cuda` installs it, GLIM_LIBTORCH_CUDA names a folder that has it"
    )]
    Library {
        /// Its path or name.
        library: String,
        /// What the loader said.
        reason: String,
    },
    /// The library is there, a GPU is not.
    #[error("libtorch finds no GPU that it can use; `nvidia-smi` tells whether the driver does")]
    NoDevice,
}

static OPENED: OnceLock<Result<(), CudaError>> = OnceLock::new();

/// Loads `libtorch_cuda.so`, once: where [`crate::libtorch::cuda_library`] finds it, else where the loader looks.
///
/// # Errors
/// If it is not there, something it needs is not, or there is no GPU.
pub fn open() -> Result<(), CudaError> {
    OPENED
        .get_or_init(|| {
            load(&crate::libtorch::cuda_library().unwrap_or_else(|| PathBuf::from("libtorch_cuda.so")))?;
            if tch::Cuda::is_available() { Ok(()) } else { Err(CudaError::NoDevice) }
        })
        .clone()
}

fn load(path: &Path) -> Result<(), CudaError> {
    let library = path.display().to_string();
    let wrong = |reason: String| CudaError::Library { library: library.clone(), reason };
    let file = CString::new(library.as_str()).map_err(|_| wrong("its path has a zero in it".to_owned()))?;
    // SAFETY: `file` is a string of C. Loading runs the initialisers of libtorch_cuda, which register its operations
    // with the libtorch that is linked; it is never unloaded. `dlerror` gives a string that is valid until the next call
    // of this thread.
    unsafe {
        if libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL).is_null() {
            let said = libc::dlerror();
            let reason = if said.is_null() { "no reason given".into() } else { CStr::from_ptr(said).to_string_lossy() };
            return Err(wrong(reason.into_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_named() {
        let error = load(Path::new("/nonexistent/libtorch_cuda.so")).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/libtorch_cuda.so") && error.contains("scripts/setup --cuda"), "{error}");
    }
}
