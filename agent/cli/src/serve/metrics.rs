//! Counts of the server, and all figures in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the buckets for the time to the first token, in seconds: from a short prompt on a GPU to a page of
/// pictures on a CPU.
const FIRST_TOKEN_S: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];
/// The same for the time between two tokens.
const NEXT_TOKEN_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Counts since the start.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<u16, u64>>,
    cancelled: AtomicU64,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    first_token: Histogram,
    next_token: Histogram,
}

impl Metrics {
    pub fn new() -> Metrics {
        Metrics {
            requests: Mutex::default(),
            cancelled: AtomicU64::new(0),
            prompt_tokens: AtomicU64::new(0),
            completion_tokens: AtomicU64::new(0),
            first_token: Histogram::new(&FIRST_TOKEN_S),
            next_token: Histogram::new(&NEXT_TOKEN_S),
        }
    }

    /// A request was answered with this status.
    pub fn answered(&self, status: u16) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
    }

    /// A client went away before its reply was whole.
    pub fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    /// A prompt was taken.
    pub fn read(&self, tokens: usize) {
        self.prompt_tokens.fetch_add(tokens as u64, Ordering::Relaxed);
    }

    /// A token came this long after the request, or after the token before it.
    pub fn wrote(&self, after: Duration, first: bool) {
        self.completion_tokens.fetch_add(1, Ordering::Relaxed);
        if first { &self.first_token } else { &self.next_token }.observe(after.as_secs_f64());
    }

    /// All counts.
    pub fn write(&self, page: &mut Page) {
        page.head("glim_requests_total", "counter", "Requests answered, by status.");
        for (status, count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            page.line(&format!("glim_requests_total{{status=\"{status}\"}}"), count);
        }
        let loaded = |count: &AtomicU64| count.load(Ordering::Relaxed);
        page.counter("glim_cancelled_total", "Replies whose client went away.", loaded(&self.cancelled));
        page.counter("glim_prompt_tokens_total", "Tokens read.", loaded(&self.prompt_tokens));
        page.counter("glim_completion_tokens_total", "Tokens written.", loaded(&self.completion_tokens));
        let help = "From the request to its first token, in seconds.";
        self.first_token.write(page, "glim_time_to_first_token_seconds", help);
        let help = "From one token of a reply to the next, in seconds.";
        self.next_token.write(page, "glim_time_per_token_seconds", help);
    }
}

/// How often a time fell into which range.
#[derive(Debug)]
struct Histogram {
    ends: &'static [f64],
    /// One for each end, and one beyond the last.
    counts: Vec<AtomicU64>,
    sum_us: AtomicU64,
}

impl Histogram {
    fn new(ends: &'static [f64]) -> Histogram {
        Histogram { ends, counts: (0..=ends.len()).map(|_| AtomicU64::new(0)).collect(), sum_us: AtomicU64::new(0) }
    }

    fn observe(&self, seconds: f64) {
        let bucket = self.ends.partition_point(|end| *end < seconds);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add((seconds * 1e6) as u64, Ordering::Relaxed);
    }

    fn write(&self, page: &mut Page, name: &str, help: &str) {
        page.head(name, "histogram", help);
        let mut below = 0;
        let ends = self.ends.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (end, count) in ends.zip(&self.counts) {
            below += count.load(Ordering::Relaxed);
            page.line(&format!("{name}_bucket{{le=\"{end}\"}}"), below);
        }
        page.line(&format!("{name}_sum"), self.sum_us.load(Ordering::Relaxed) as f64 / 1e6);
        page.line(&format!("{name}_count"), below);
    }
}

/// A page of figures.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    pub fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "counter", help);
        self.line(name, value);
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        self.line(name, value);
    }

    /// Memory of this process, where the system tells it.
    pub fn memory(&mut self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kib =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok());
        if let Some(kib) = kib {
            let kib: u64 = kib;
            self.gauge("process_resident_memory_bytes", "Memory of the process.", kib * 1024);
        }
    }

    pub fn text(self) -> String {
        self.text
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.text, "{name} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_prometheus_reads() {
        let metrics = Metrics::new();
        metrics.answered(200);
        metrics.answered(200);
        metrics.answered(429);
        metrics.read(17);
        metrics.wrote(Duration::from_millis(30), true);
        metrics.wrote(Duration::from_millis(10), false);
        metrics.wrote(Duration::from_secs(60), false);
        let mut page = Page::default();
        metrics.write(&mut page);
        page.memory();
        let text = page.text();
        for line in [
            "# TYPE glim_requests_total counter",
            "glim_requests_total{status=\"200\"} 2",
            "glim_requests_total{status=\"429\"} 1",
            "glim_prompt_tokens_total 17",
            "glim_completion_tokens_total 3",
            "glim_time_to_first_token_seconds_bucket{le=\"0.025\"} 0",
            "glim_time_to_first_token_seconds_bucket{le=\"0.05\"} 1",
            "glim_time_to_first_token_seconds_bucket{le=\"+Inf\"} 1",
            "glim_time_per_token_seconds_bucket{le=\"0.01\"} 1",
            "glim_time_per_token_seconds_bucket{le=\"10\"} 1",
            "glim_time_per_token_seconds_bucket{le=\"+Inf\"} 2",
            "glim_time_per_token_seconds_sum 60.01",
            "glim_time_per_token_seconds_count 2",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with('\n'));
    }
}
