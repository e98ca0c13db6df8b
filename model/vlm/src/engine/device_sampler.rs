//! The same draws where the logits lie: on a GPU.
//!
//! A row of logits has 151,552 numbers, and a batch of them would take longer over the bus than a step of decoding. So sums,
//! the walk along the distribution function and the selection of the likeliest are done by torch, and a few numbers of each
//! row cross. `sampler` defines what is drawn; where top-p wants more tokens than were selected, that row alone crosses and
//! is drawn from there.

use tch::{Device, Kind, Tensor};

use super::sampler::{self, Draw, Drawn, better, cut, pick};

/// How many of the likeliest tokens are selected for top-p without top-k.
const FOR_TOP_P: usize = 512;

/// How a row is drawn from.
fn is_plain(draw: &Draw) -> bool {
    draw.forced.is_none() && draw.temperature > 0.0 && draw.top_k == 0 && draw.top_p >= 1.0
}

fn is_narrowed(draw: &Draw) -> bool {
    draw.forced.is_none() && draw.temperature > 0.0 && !is_plain(draw)
}

/// As [`sampler::draw_rows`], for `logits` `[rows, vocab]` on any device.
pub(crate) fn draw_rows(logits: &Tensor, draws: &[(usize, Draw)]) -> Vec<Option<Drawn>> {
    let device = logits.device();
    let (_, vocab) = logits.size2().expect("logits are [rows, vocab]");
    let rows: Vec<i64> = draws.iter().map(|&(row, _)| row as i64).collect();
    let logits = logits.index_select(0, &Tensor::from_slice(&rows).to_device(device)); // [draws, vocab]
    let greatest = logits.amax([-1].as_slice(), true); // [draws, 1]
    let shifted = &logits - &greatest;
    let log_total = shifted.logsumexp([-1].as_slice(), true);
    let temperatures = draws.iter().map(|(_, draw)| if draw.temperature > 0.0 { draw.temperature } else { 1.0 });
    let temperatures = Tensor::from_slice(&temperatures.collect::<Vec<f32>>()).to_device(device).unsqueeze(-1);
    let weights = (&shifted / temperatures).exp(); // [draws, vocab]
    let whole = weights.sum_dim_intlist([-1].as_slice(), true, Kind::Double);

    let mut ids = logits.argmax(-1, true); // [draws, 1]
    let plain: Vec<i64> = places(draws, is_plain);
    if !plain.is_empty() {
        let uniform: Vec<f64> = plain.iter().map(|&place| draws[place as usize].1.uniform).collect();
        let plain = Tensor::from_slice(&plain).to_device(device);
        let reached = weights.index_select(0, &plain).cumsum(-1, Kind::Double);
        let target = reached.narrow(-1, vocab - 1, 1) * Tensor::from_slice(&uniform).to_device(device).unsqueeze(-1);
        // The first whose sum is greater than the target has a weight of its own.
        let hit = target.searchsorted(&reached, false, true, "right", None::<&Tensor>).clamp_max(vocab - 1);
        ids = ids.index_copy(0, &plain, &hit);
    }
    let forced: Vec<i64> = places(draws, |draw| draw.forced.is_some());
    if !forced.is_empty() {
        let to: Vec<i64> = draws.iter().filter_map(|(_, draw)| draw.forced.map(i64::from)).collect();
        let forced = Tensor::from_slice(&forced).to_device(device);
        ids = ids.index_copy(0, &forced, &Tensor::from_slice(&to).to_device(device).unsqueeze(-1));
    }
    let chosen = logits.gather(-1, &ids, false);
    let double = |tensor: &Tensor| tensor.to_kind(Kind::Double);
    let numbers = [ids, chosen, greatest, log_total, whole].iter().map(double).collect::<Vec<_>>();
    let numbers = pull::<f64>(&Tensor::cat(&numbers, -1)); // [draws, 5], flat
    let likeliest = Likeliest::select(&logits, draws);

    let one = |(place, (_, draw)): (usize, &(usize, Draw))| {
        let [id, chosen, greatest, log_total, whole] = numbers[place * 5..][..5] else { unreachable!("five a row") };
        if !greatest.is_finite() || log_total.is_nan() {
            return None;
        }
        let (mut id, mut chosen) = (id as u32, chosen as f32);
        if is_narrowed(draw) {
            let mut found = likeliest.of(place);
            let all = found.len() as i64 == vocab || (draw.top_k > 0 && found.len() >= draw.top_k);
            if !cut(&mut found, greatest as f32, whole, draw) && !all {
                return sampler::draw(&pull::<f32>(&logits.get(place as i64)), draw);
            }
            id = pick(&found, greatest as f32, draw);
            chosen = found.iter().find(|&&(other, _)| other == id)?.1;
        }
        let logprob = |logit: f32| (f64::from(logit) - greatest - log_total) as f32;
        let mut top = if draw.alternatives > 0 { likeliest.of(place) } else { Vec::new() };
        top.truncate(draw.alternatives);
        top.iter_mut().for_each(|(_, logit)| *logit = logprob(*logit));
        Some(Drawn { id, logprob: logprob(chosen), top })
    };
    draws.iter().enumerate().map(one).collect()
}

fn places(draws: &[(usize, Draw)], which: impl Fn(&Draw) -> bool) -> Vec<i64> {
    draws.iter().enumerate().filter(|(_, (_, draw))| which(draw)).map(|(place, _)| place as i64).collect()
}

/// The likeliest tokens of each row, as many as the row that needs most.
struct Likeliest {
    count: usize,
    ids: Vec<i64>,
    logits: Vec<f32>,
}

impl Likeliest {
    fn select(logits: &Tensor, draws: &[(usize, Draw)]) -> Likeliest {
        let needed = |(_, draw): &(usize, Draw)| match draw.top_k {
            0 if is_narrowed(draw) => FOR_TOP_P.max(draw.alternatives),
            top_k if is_narrowed(draw) => top_k.max(draw.alternatives),
            _ => draw.alternatives,
        };
        let vocab = logits.size()[1] as usize;
        let count = draws.iter().map(needed).max().unwrap_or(0).min(vocab);
        if count == 0 {
            return Likeliest { count, ids: Vec::new(), logits: Vec::new() };
        }
        let (values, ids) = logits.topk(count as i64, -1, true, true);
        Likeliest { count, ids: pull(&ids), logits: pull(&values) }
    }

    /// Those of a row, best first.
    fn of(&self, place: usize) -> Vec<(u32, f32)> {
        let range = place * self.count..(place + 1) * self.count;
        let pairs = self.ids[range.clone()].iter().zip(&self.logits[range]);
        let mut found: Vec<(u32, f32)> = pairs.map(|(&id, &logit)| (id as u32, logit)).collect();
        found.sort_by(better);
        found
    }
}

/// All numbers of a tensor.
fn pull<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Vec<T> {
    let flat = tensor.to_device(Device::Cpu).to_kind(T::KIND).contiguous().view([-1]);
    Vec::<T>::try_from(&flat).expect("a flat tensor on the CPU, of this kind")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::uniform;

    /// What torch draws equals what `sampler` draws, on logits that are spread as a model's are.
    fn agrees(device: Device) {
        let (rows, vocab) = (6, 3000);
        let logits: Vec<f32> =
            (0..rows * vocab).map(|n| (0..6).map(|k| uniform(k, n as u64)).sum::<f64>() as f32 * 4.0 - 12.0).collect();
        let tensor = Tensor::from_slice(&logits).view([rows as i64, vocab as i64]).to_device(device);
        let ways = [
            (0.0, 0, 1.0, None),
            (1.0, 0, 1.0, None),
            (0.7, 0, 1.0, None),
            (1.0, 40, 1.0, None),
            (1.3, 40, 0.6, None),
            (1.0, 0, 0.9, None),
            (30.0, 0, 0.99, None),
            (1.0, 0, 1.0, Some(17)),
        ];
        for batch in 0..12u64 {
            let draws: Vec<(usize, Draw)> = (0..24u64)
                .map(|n| {
                    let (temperature, top_k, top_p, forced) = ways[(n as usize + batch as usize) % ways.len()];
                    let alternatives = if batch % 3 == 0 { 0 } else { n as usize % 5 };
                    let uniform = uniform(batch, n);
                    (n as usize % rows, Draw { temperature, top_k, top_p, uniform, alternatives, forced })
                })
                .collect();
            let here = sampler::draw_rows(&logits, vocab, &draws, 1);
            for ((there, here), (_, draw)) in draw_rows(&tensor, &draws).into_iter().zip(here).zip(&draws) {
                let (there, here) = (there.unwrap(), here.unwrap());
                assert_eq!(there.id, here.id, "{draw:?}");
                assert!((there.logprob - here.logprob).abs() < 1e-4);
                assert_eq!(there.top.len(), draw.alternatives);
                assert!(there.top.iter().zip(&here.top).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-4));
            }
        }
    }

    #[test]
    fn torch_draws_what_the_loops_draw() {
        agrees(Device::Cpu);
    }

    #[test]
    fn rows_without_a_distribution_are_told() {
        let logits = Tensor::from_slice2(&[[0.0, f32::NAN], [f32::NEG_INFINITY; 2], [0.0, 1.0]]);
        let draw = Draw { temperature: 1.0, top_k: 0, top_p: 1.0, uniform: 0.5, alternatives: 1, forced: None };
        let drawn = draw_rows(&logits, &[(0, draw), (1, draw), (2, draw)]);
        assert!(drawn[0].is_none() && drawn[1].is_none() && drawn[2].is_some());
    }

    mod gpu {
        #[test]
        #[ignore = "needs a GPU"]
        fn torch_draws_what_the_loops_draw() {
            glim_kernels::cuda::open().unwrap();
            super::agrees(tch::Device::Cuda(0));
        }
    }
}
