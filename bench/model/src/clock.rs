//! Time on a busy machine.

use std::time::Instant;

use tch::Device;

/// Wall time, or the processor's time over threads.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub device: Device,
    pub cpu_threads: Option<usize>,
}

/// Ticks of `/proc` in a second, the same on every Linux of today.
const TICKS: f64 = 100.0;

impl Clock {
    fn now(&self, started: Instant) -> f64 {
        match self.cpu_threads {
            None => started.elapsed().as_secs_f64(),
            Some(threads) => {
                let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
                let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
                let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<f64>().ok());
                ticks.sum::<f64>() / TICKS / threads as f64
            }
        }
    }

    /// Waits until the device has done all it was asked for.
    pub fn wait(&self) {
        if let Device::Cuda(number) = self.device {
            tch::Cuda::synchronize(number as i64);
        }
    }

    /// Seconds of one call: after one to warm up, `count` calls, or as many as fill a second.
    pub fn time(&self, count: Option<usize>, mut work: impl FnMut()) -> f64 {
        work();
        self.wait();
        let started = Instant::now();
        let begun = self.now(started);
        let mut calls = 0;
        loop {
            work();
            calls += 1;
            match count {
                Some(count) if calls >= count => break,
                Some(_) => {}
                None => {
                    self.wait();
                    if self.now(started) - begun > 1.0 {
                        break;
                    }
                }
            }
        }
        self.wait();
        (self.now(started) - begun) / calls as f64
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}
