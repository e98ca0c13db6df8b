//! How much memory is left.

use tch::Device;

use crate::gpu;

/// Why it is not known how much memory is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// A file of the system does not say.
    #[error("`{file}` does not say how much memory is available: {reason}")]
    System {
        /// Its path.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Another kind of device.
    #[error("only the memory of CPUs and of NVIDIA GPUs is known, not that of {0:?}")]
    Device(Device),
}

/// Bytes that can still be had on a device: of a GPU what no program has taken, of the system what can be had without
/// swapping, within the limits of the control group.
///
/// # Errors
/// If the system does not say, or it is another kind of device.
///
/// # Panics
/// If it is a GPU that is not open.
pub fn free_bytes(device: Device) -> Result<u64, MemoryError> {
    match device {
        Device::Cpu => {
            let available = available_in_system()?;
            Ok(left_in_group().map_or(available, |left| left.min(available)))
        }
        Device::Cuda(_) => Ok(gpu::memory(device).free.unsigned_abs()),
        other => Err(MemoryError::Device(other)),
    }
}

fn available_in_system() -> Result<u64, MemoryError> {
    let file = "/proc/meminfo";
    let wrong = |reason: String| MemoryError::System { file, reason };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes << 10).ok_or_else(|| wrong("it has no line `MemAvailable`".to_owned()))
}

/// What the control group leaves, where there is one with a limit. Its files cached by the system can be given up.
fn left_in_group() -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let cached = read("memory.stat").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("inactive_file "))?;
        line.trim().parse::<u64>().ok()
    });
    let used = number("memory.current")?.saturating_sub(cached.unwrap_or(0));
    Some(number("memory.max")?.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_has_memory_left() {
        let free = free_bytes(Device::Cpu).unwrap();
        assert!(free > 1 << 20, "{free}");
        assert!(free <= available_in_system().unwrap() + (64 << 20));
    }

    #[test]
    fn other_devices_are_told() {
        assert!(matches!(free_bytes(Device::Mps), Err(MemoryError::Device(_))));
    }
}
