//! The line that says how far a run is: made here, drawn by the program.
//!
//! ```text
//! step 120/3000  loss 1.234  12.3k tok/s  grad 0.71  lr 2.0e-3  ETA 4 min
//! ```
//!
//! Where standard error is no terminal, the same numbers go to the log in `key=value` form, when [`Pace::is_due`] says so.

use std::fmt::{self, Display, Formatter};

/// How far a run is, after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// In nats per token.
    pub loss: f64,
    /// Over all devices; None in the first step.
    pub tokens_per_second: Option<f64>,
    /// Before clipping.
    pub gradient_norm: f64,
    /// Of the first parameter group.
    pub learning_rate: f64,
    /// Seconds until the last step; None in the first.
    pub left_s: Option<f64>,
}

/// The line under which a person waits: all numbers have few digits, and the same ones while they change a little.
impl Display for Progress {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write!(to, "step {}/{}  loss {}", self.step, self.steps, loss(self.loss))?;
        if let Some(rate) = self.tokens_per_second {
            write!(to, "  {} tok/s", quantity(rate))?;
        }
        write!(to, "  grad {}  lr {:.1e}", gradient(self.gradient_norm), self.learning_rate)?;
        match self.left_s {
            Some(seconds) if self.step < self.steps => write!(to, "  ETA {}", duration(seconds)),
            _ => Ok(()),
        }
    }
}

impl Progress {
    /// The line for a log: `step=120 steps=3000 loss=1.2340 tokens_per_second=12300 ...`, numbers without units.
    pub fn plain(&self) -> String {
        let mut line = format!("step={} steps={} loss={:.4}", self.step, self.steps, self.loss);
        if let Some(rate) = self.tokens_per_second {
            line += &format!(" tokens_per_second={rate:.0}");
        }
        line += &format!(" gradient_norm={:.4} learning_rate={:.3e}", self.gradient_norm, self.learning_rate);
        if let Some(seconds) = self.left_s.filter(|_| self.step < self.steps) {
            line += &format!(" seconds_left={seconds:.0}");
        }
        line
    }
}

/// How fast a run goes, from what its last steps took; and when a log gets its next line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    mean: Option<Mean>,
    /// Seconds of the run when the last line was written.
    written: Option<f64>,
    elapsed: f64,
}

#[derive(Debug, Clone, Copy)]
struct Mean {
    seconds: f64,
    tokens: f64,
}

/// Weight of the newest step.
const NEWEST: f64 = 0.1;

/// Seconds between two lines of a log.
const EVERY_S: f64 = 10.0;

impl Pace {
    /// A step of so many tokens took so many seconds, all that lay between it and the one before included.
    pub fn step(&mut self, seconds: f64, tokens: u64) {
        self.elapsed += seconds;
        let tokens = tokens as f64;
        let moved = |mean: f64, new: f64| mean + NEWEST * (new - mean);
        self.mean = Some(match self.mean {
            None => Mean { seconds, tokens },
            Some(mean) => Mean { seconds: moved(mean.seconds, seconds), tokens: moved(mean.tokens, tokens) },
        });
    }

    /// None before the first step.
    pub fn tokens_per_second(&self) -> Option<f64> {
        self.mean.filter(|mean| mean.seconds > 0.0).map(|mean| mean.tokens / mean.seconds)
    }

    /// Seconds that so many steps will take; None before the first step.
    pub fn left_s(&self, steps: u64) -> Option<f64> {
        self.mean.map(|mean| mean.seconds * steps as f64)
    }

    /// Whether a log gets a line now: after the first step, the last one, and ten seconds after the line before.
    pub fn is_due(&mut self, step: u64, steps: u64) -> bool {
        let due = step >= steps || self.written.is_none_or(|written| self.elapsed - written >= EVERY_S);
        if due {
            self.written = Some(self.elapsed);
        }
        due
    }
}

/// Seconds in the words of a person who waits: `45 s`, `4 min`, `2 h 05 min`, `3 d 4 h`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".to_owned();
    }
    let whole = |value: f64| value.round().clamp(0.0, 1e15) as u64;
    match whole(seconds) {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..5400 => format!("{} min", (seconds + 30) / 60),
        seconds @ 5400..172_800 => {
            let minutes = (seconds + 30) / 60;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
        seconds => {
            let hours = (seconds + 1800) / 3600;
            format!("{} d {} h", hours / 24, hours % 24)
        }
    }
}

/// A number in three digits and its thousands: `950`, `12.3k`, `1.51T`.
pub fn quantity(number: f64) -> String {
    const STEPS: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    // Half a unit of the third digit below the step, where rounding carries over.
    match STEPS.iter().find(|(step, _)| number.abs() >= step * 0.9995) {
        Some((step, name)) => {
            let scaled = number / step;
            let places = if scaled.abs() >= 99.95 { 0 } else { usize::from(scaled.abs() < 9.995) + 1 };
            format!("{scaled:.places$}{name}")
        }
        None if number.fract() == 0.0 || number.abs() >= 99.95 => format!("{number:.0}"),
        None => format!("{number:.1}"),
    }
}

fn loss(loss: f64) -> String {
    match loss {
        loss if !loss.is_finite() => loss.to_string(),
        loss if loss.abs() >= 100.0 || (loss != 0.0 && loss.abs() < 0.001) => format!("{loss:.1e}"),
        loss => format!("{loss:.3}"),
    }
}

fn gradient(norm: f64) -> String {
    match norm {
        norm if !norm.is_finite() => norm.to_string(),
        norm if norm.abs() >= 100.0 || (norm != 0.0 && norm.abs() < 0.01) => format!("{norm:.1e}"),
        norm => format!("{norm:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PROGRESS: Progress = Progress {
        step: 120,
        steps: 3000,
        loss: 1.2341,
        tokens_per_second: Some(12_321.0),
        gradient_norm: 0.7123,
        learning_rate: 2e-3,
        left_s: Some(238.0),
    };

    #[rstest]
    #[case::whole(PROGRESS, "step 120/3000  loss 1.234  12.3k tok/s  grad 0.71  lr 2.0e-3  ETA 4 min")]
    #[case::first(
        Progress { step: 1, tokens_per_second: None, left_s: None, ..PROGRESS },
        "step 1/3000  loss 1.234  grad 0.71  lr 2.0e-3"
    )]
    #[case::last(
        Progress { step: 3000, left_s: Some(0.0), loss: 0.00012, gradient_norm: 1234.0, ..PROGRESS },
        "step 3000/3000  loss 1.2e-4  12.3k tok/s  grad 1.2e3  lr 2.0e-3"
    )]
    #[case::broken(
        Progress { loss: f64::NAN, gradient_norm: f64::INFINITY, left_s: Some(f64::NAN), ..PROGRESS },
        "step 120/3000  loss NaN  12.3k tok/s  grad inf  lr 2.0e-3  ETA unknown"
    )]
    fn the_line_reads_well(#[case] progress: Progress, #[case] line: &str) {
        assert_eq!(progress.to_string(), line);
    }

    #[test]
    fn a_log_can_be_taken_apart_by_a_program() {
        let line = "step=120 steps=3000 loss=1.2341 tokens_per_second=12321 gradient_norm=0.7123 learning_rate=2.000e-3 \
                    seconds_left=238";
        assert_eq!(PROGRESS.plain(), line);
        let last = Progress { step: 3000, tokens_per_second: None, ..PROGRESS };
        assert_eq!(last.plain(), "step=3000 steps=3000 loss=1.2341 gradient_norm=0.7123 learning_rate=2.000e-3");
    }

    #[rstest]
    #[case(0.4, "0 s")]
    #[case(99.4, "99 s")]
    #[case(99.6, "2 min")]
    #[case(238.0, "4 min")]
    #[case(5399.0, "90 min")]
    #[case(7500.0, "2 h 05 min")]
    #[case(86_399.0, "24 h 00 min")]
    #[case(273_600.0, "3 d 4 h")]
    #[case(-1.0, "unknown")]
    fn durations(#[case] seconds: f64, #[case] words: &str) {
        assert_eq!(duration(seconds), words);
    }

    #[rstest]
    #[case(0.0, "0")]
    #[case(7.25, "7.2")]
    #[case(950.4, "950")]
    #[case(999.6, "1.00k")]
    #[case(12_345.0, "12.3k")]
    #[case(123_456.0, "123k")]
    #[case(10_292_777_472.0, "10.3B")]
    #[case(1_509_949_440_000.0, "1.51T")]
    #[case(999_999.0, "1.00M")]
    fn quantities(#[case] number: f64, #[case] words: &str) {
        assert_eq!(quantity(number), words);
    }

    #[test]
    fn the_pace_follows_the_run_and_does_not_jump_with_one_step() {
        let mut pace = Pace::default();
        assert_eq!((pace.tokens_per_second(), pace.left_s(10)), (None, None));
        (0..50).for_each(|_| pace.step(2.0, 1000));
        assert_eq!((pace.tokens_per_second(), pace.left_s(10)), (Some(500.0), Some(20.0)));
        pace.step(12.0, 1000);
        let left = pace.left_s(10).unwrap();
        assert!((left - 30.0).abs() < 1e-9, "{left}");
        (0..100).for_each(|_| pace.step(1.0, 1000));
        assert!((pace.left_s(10).unwrap() - 10.0).abs() < 0.01);
    }

    #[test]
    fn a_log_gets_the_first_line_the_last_and_one_each_ten_seconds() {
        let mut pace = Pace::default();
        let due: Vec<u64> = (1..=12)
            .filter(|step| {
                pace.step(3.0, 1);
                pace.is_due(*step, 12)
            })
            .collect();
        assert_eq!(due, [1, 5, 9, 12]);
    }
}
