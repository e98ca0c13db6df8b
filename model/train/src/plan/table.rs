//! A plan as a person reads it.

use std::fmt::{self, Display, Formatter};

use super::Plan;
use crate::progress::{duration, quantity};

impl Display for Plan {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let Plan { parameters, memory, work, tokens, time, parallel, device, .. } = self;
        let mut model = format!("{}, {} parameters", self.model, quantity(parameters.total as f64));
        if parameters.active != parameters.total {
            model += &format!(", {} of them for each token", quantity(parameters.active as f64));
        }
        if parameters.trained != parameters.total {
            model += &format!(", {} trained", quantity(parameters.trained as f64));
        }
        line(to, "model", &model)?;
        let has = device.memory_bytes.map_or_else(String::new, |bytes| format!(", {} each", size(bytes)));
        line(to, "devices", &format!("{} x {}{has}", self.devices, device.name))?;
        if self.devices > 1 {
            let ranks = [
                ("data", parallel.data),
                ("tensor", parallel.tensor),
                ("pipeline", parallel.pipeline),
                ("context", parallel.context),
            ];
            let mut layout: Vec<String> =
                ranks.iter().filter(|(_, ranks)| *ranks > 1).map(|(name, ranks)| format!("{name} {ranks}")).collect();
            if parallel.expert > 1 {
                layout.push(format!("experts over {} of the data and context ranks", parallel.expert));
            }
            line(to, "layout", &layout.join(" x ").replace(" x experts", ", experts"))?;
        }
        writeln!(to)?;
        let stage =
            if parallel.pipeline > 1 { format!(" (pipeline stage {})", memory.stage + 1) } else { String::new() };
        writeln!(to, "memory of the fullest device{stage}")?;
        let parts = [
            ("weights", memory.weights),
            ("gradients", memory.gradients),
            ("master weights", memory.master_weights),
            ("moments", memory.moments),
            ("activations", memory.activations),
            ("logits chunk", memory.logits),
        ];
        for (name, bytes) in parts {
            let share = 100.0 * bytes as f64 / memory.total as f64;
            writeln!(to, "  {name:<15}{:>10}  {share:>3.0} %", size(bytes))?;
        }
        let verdict = match self.memory_share {
            Some(share) if share > 1.0 => format!("  does not fit: {:.0} % of the device", share * 100.0),
            Some(share) => format!("  fits: {:.0} % of the device", share * 100.0),
            None => String::new(),
        };
        writeln!(to, "  {:<15}{:>10}{verdict}\n", "total", size(memory.total))?;
        writeln!(to, "work for a token, in FLOP")?;
        let rows = [
            ("forward", work.forward),
            ("both passes", work.forward_backward),
            ("with recomputing", work.with_recomputation),
        ];
        for (name, flops) in rows {
            // As work is written: 10^9 are G.
            writeln!(to, "  {name:<17}{:>8}", quantity(flops).replace('B', "G"))?;
        }
        let share = |part: f64| 100.0 * part / work.forward_backward;
        writeln!(
            to,
            "  of both passes {:.0} % is attention over {} tokens, {:.0} % the tower that sees\n",
            share(work.attention),
            quantity(work.attended),
            share(work.vision),
        )?;
        let batches = if self.micro_batches > 1 { format!(" in {} parts", self.micro_batches) } else { String::new() };
        let of_step = format!("{}, {} tokens{batches}", duration_of_step(time.step_s), quantity(tokens.step as f64));
        line(to, "step", &of_step)?;
        line(to, "run", &format!("{}, {} tokens", duration(time.run_s), quantity(tokens.run as f64)))?;
        let bubble = if time.bubble > 0.0 {
            format!(", {:.0} % of it waiting in the pipeline", time.bubble * 100.0)
        } else {
            String::new()
        };
        let rate = format!(
            "{} tokens/s, {} device hours{bubble}",
            quantity(time.tokens_per_second),
            quantity(time.device_hours)
        );
        line(to, "speed", &rate)?;
        line(to, "MFU", &format!("{:.0} %", time.mfu * 100.0))?;
        writeln!(to)?;
        self.notes.iter().try_for_each(|note| writeln!(to, "note: {note}"))
    }
}

fn line(to: &mut Formatter<'_>, name: &str, words: &str) -> fmt::Result {
    writeln!(to, "{name:<9}{words}")
}

/// Bytes in units of 10^9, as memory of devices is sold.
fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes >= 99.95e9 => format!("{:.0} GB", bytes / 1e9),
        bytes if bytes >= 0.995e9 => format!("{:.1} GB", bytes / 1e9),
        bytes if bytes >= 1e6 => format!("{:.0} MB", bytes / 1e6),
        bytes if bytes > 0.0 => format!("{:.1} MB", (bytes / 1e6).max(0.1)),
        _ => "0".to_owned(),
    }
}

fn duration_of_step(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1000.0),
        seconds if seconds < 100.0 => format!("{seconds:.2} s"),
        seconds => duration(seconds),
    }
}
