//! Numbers equal those of Hugging Face `transformers`, on tiny random models of every family.
//!
//! The fixtures in `tests/parity/fixtures` were written by `make_parity.py` beside them; `GLIM_PARITY_DIR` names a folder of more.
//! `GLIM_PARITY_DEVICE=cuda` and `GLIM_PARITY_DTYPE=bf16` run the same on a GPU, in half precision with its own tolerance.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "how far the worst of each kind was, for who asks with --nocapture")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use glim_processor::Grid;
use glim_vlm::trace::Trace;
use glim_vlm::{Model, Packed, Positions, Prompt, Targets, published};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use tch::{Device, Kind, Tensor};

/// Tensors of one file.
struct Tensors(BTreeMap<String, Tensor>);

impl Tensors {
    fn read(path: &Path) -> Tensors {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = |view: safetensors::tensor::TensorView<'_>| {
            let kind = match view.dtype() {
                Dtype::F32 => Kind::Float,
                Dtype::I64 => Kind::Int64,
                Dtype::I32 => Kind::Int,
                Dtype::U8 => Kind::Uint8,
                other => panic!("{}: {other:?}", path.display()),
            };
            let shape: Vec<i64> = view.shape().iter().map(|side| *side as i64).collect();
            Tensor::from_data_size(view.data(), &shape, kind)
        };
        Tensors(file.iter().map(|(name, view)| (name.to_owned(), tensor(view))).collect())
    }

    fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }
}

fn numbers(tensor: &Tensor) -> Vec<i64> {
    Vec::try_from(tensor.to_kind(Kind::Int64).contiguous().view(-1)).unwrap()
}

/// Where to compute, and how exactly.
struct Setting {
    device: Device,
    kind: Kind,
    /// Relative to the reference, in the Euclidean norm; gradients apart.
    tolerance: f64,
    gradient_tolerance: f64,
}

impl Setting {
    fn of_environment() -> Setting {
        let device = match std::env::var("GLIM_PARITY_DEVICE").as_deref() {
            Ok("cuda") => {
                glim_kernels::cuda::open().unwrap();
                Device::Cuda(0)
            }
            _ => Device::Cpu,
        };
        // f32 differs in the order of sums only. Half precision keeps eight bits of each number on its way.
        match std::env::var("GLIM_PARITY_DTYPE").as_deref() {
            Ok("bf16") => Setting { device, kind: Kind::BFloat16, tolerance: 2e-2, gradient_tolerance: 1e-1 },
            _ => Setting { device, kind: Kind::Float, tolerance: 1e-4, gradient_tolerance: 1e-3 },
        }
    }
}

struct Case {
    name: String,
    ids: Vec<Vec<u32>>,
    /// Which places of the padded batch hold a token, row by row: flat indices.
    kept: Tensor,
    images: Vec<Vec<Grid>>,
    videos: Vec<Vec<Grid>>,
    pixels: Option<Tensor>,
    inputs: Tensors,
    expected: Tensors,
}

impl Case {
    fn read(folder: &Path, model: &Model) -> Case {
        let inputs = Tensors::read(&folder.join("inputs.safetensors"));
        let expected = Tensors::read(&folder.join("expect.safetensors"));
        let all = inputs.get("input_ids").unwrap();
        let (batch, seq) = all.size2().unwrap();
        let mask = inputs.get("attention_mask").unwrap();
        let grids = |name: &str| -> Vec<Grid> {
            let side = |number: &i64| usize::try_from(*number).unwrap();
            let flat = inputs.get(name).map(numbers).unwrap_or_default();
            flat.chunks(3).map(|grid| Grid { t: side(&grid[0]), h: side(&grid[1]), w: side(&grid[2]) }).collect()
        };
        let (mut image_grids, mut video_grids) =
            (grids("image_grid_thw").into_iter(), grids("video_grid_thw").into_iter());
        let tokens = model.config.tokens;
        let merge = model.config.vision.merge;
        let (mut ids, mut images, mut videos, mut kept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in 0..batch {
            let (row_ids, row_mask) = (numbers(&all.get(row)), numbers(&mask.get(row)));
            let places: Vec<usize> = (0..row_ids.len()).filter(|at| row_mask[*at] != 0).collect();
            kept.extend(places.iter().map(|at| row * seq + *at as i64));
            let row_ids: Vec<u32> = places.iter().map(|at| u32::try_from(row_ids[*at]).unwrap()).collect();
            // Pictures of this row are as many as fill its places outside of videos.
            let mut open = 0i32;
            let mut outside = 0;
            for id in &row_ids {
                open += i32::from(*id == tokens.video_start) - i32::from(*id == tokens.video_end);
                outside += usize::from(*id == tokens.image && open == 0);
            }
            let mut mine = Vec::new();
            while outside > 0 {
                let grid = image_grids.next().unwrap();
                outside -= grid.tokens(merge);
                mine.push(grid);
            }
            images.push(mine);
            let count = row_ids.iter().filter(|id| **id == tokens.video_start).count();
            videos.push(video_grids.by_ref().take(count).collect());
            ids.push(row_ids);
        }
        Case {
            name: folder.display().to_string(),
            ids,
            kept: Tensor::from_slice(&kept),
            images,
            videos,
            pixels: inputs.get("pixel_values").or(inputs.get("pixel_values_videos")).map(Tensor::shallow_clone),
            inputs,
            expected,
        }
    }

    fn positions(&self, model: &Model) -> Vec<Positions> {
        let rows = self.ids.iter().zip(&self.images).zip(&self.videos);
        rows.map(|((ids, images), videos)| model.positions(ids, images, videos).unwrap()).collect()
    }

    fn grids(&self) -> Vec<Grid> {
        self.images
            .iter()
            .zip(&self.videos)
            .flat_map(|(images, videos)| [images.clone(), videos.clone()].concat())
            .collect()
    }

    /// Which tokens went to the experts that the reference sent them to, in every layer; `None` where there are no experts.
    ///
    /// Numbers that are rounded to eight bits choose others where two are nearly as good, in the reference as well as here,
    /// and then all that follows for that token differs.
    fn same_choices(&self, got: &BTreeMap<String, Tensor>) -> Option<Tensor> {
        let mut same: Option<Tensor> = None;
        for (name, expected) in self.expected.0.iter().filter(|(name, _)| name.ends_with("_experts")) {
            let sorted = |tensor: &Tensor| tensor.to_device(Device::Cpu).to_kind(Kind::Int64).sort(-1, false).0;
            let expected = sorted(&self.packed(name, expected));
            let equal = sorted(&got[name]).eq_tensor(&expected).all_dim(-1, false);
            same = Some(same.map_or_else(|| equal.shallow_clone(), |same| same.logical_and(&equal)));
        }
        same
    }

    /// Of `[batch, seq, ..]`, the rows that hold tokens: `[tokens, ..]`.
    fn packed(&self, name: &str, padded: &Tensor) -> Tensor {
        // A router sees the tokens of all rows as one list.
        let listed = name.ends_with("_router_logits") || name.ends_with("_experts");
        let flat = if listed { padded.shallow_clone() } else { padded.flatten(0, 1) };
        flat.index_select(0, &self.kept)
    }
}

/// What was far from the reference.
#[derive(Default)]
struct Findings {
    compared: usize,
    worst: BTreeMap<String, f64>,
    complaints: Vec<String>,
}

impl Findings {
    fn compare(&mut self, case: &str, name: &str, got: &Tensor, expected: &Tensor, tolerance: f64) {
        self.compared += 1;
        let got = got.to_device(Device::Cpu).to_kind(Kind::Double);
        let expected = expected.to_kind(Kind::Double);
        if got.size() != expected.size() {
            self.complaints.push(format!("{case}: {name} is {:?}, expected {:?}", got.size(), expected.size()));
            return;
        }
        let scale = expected.norm().double_value(&[]).max(1e-12);
        let far = (got - expected).norm().double_value(&[]) / scale;
        let kind = name.trim_end_matches(char::is_numeric).to_owned();
        let worst = self.worst.entry(kind).or_default();
        *worst = worst.max(far);
        if far.is_nan() || far > tolerance {
            self.complaints.push(format!("{case}: {name} is {far:.2e} away, allowed are {tolerance:.0e}"));
        }
    }

    fn finish(self, at_least: usize) {
        for (name, far) in &self.worst {
            println!("{name}: {far:.1e}");
        }
        assert!(self.complaints.is_empty(), "{}", self.complaints.join("\n"));
        assert!(self.compared >= at_least, "only {} tensors were compared", self.compared);
    }
}

/// Folders of models, with their cases: those of the repository and those of `GLIM_PARITY_DIR`.
fn models() -> Vec<(PathBuf, Vec<PathBuf>)> {
    let more = std::env::var_os("GLIM_PARITY_DIR").map(PathBuf::from);
    let mut roots = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity/fixtures"))];
    // Carried to another machine, the test has only what it is told of.
    roots.retain(|root| more.is_none() || root.is_dir());
    roots.extend(more);
    let folders = |path: &Path| -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = std::fs::read_dir(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        found.sort();
        found
    };
    let mut found = Vec::new();
    for root in roots {
        let before = found.len();
        for model in folders(&root).into_iter().filter(|path| path.join("config.json").is_file()) {
            let cases = folders(&model.join("cases"));
            assert!(!cases.is_empty(), "{} has no cases", model.display());
            found.push((model, cases));
        }
        assert!(found.len() > before, "{} holds no model", root.display());
    }
    found
}

fn each_case(mut check: impl FnMut(&Model, &Case, &Setting)) {
    let setting = Setting::of_environment();
    for (folder, cases) in models() {
        let model = Model::load_for_training(&folder, setting.device, setting.kind)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for case in cases {
            let case = Case::read(&case, &model);
            check(&model, &case, &setting);
        }
    }
}

/// Names that the reference has for what we keep of `[tokens, ..]`.
fn is_of_text(name: &str) -> bool {
    name.starts_with("txt_") || name == "logits"
}

#[test]
fn logits_and_everything_before_them_equal_the_reference() {
    let mut findings = Findings::default();
    each_case(|model, case, setting| {
        let positions = case.positions(model);
        let trace = Trace::on();
        let ids = case.ids.concat();
        let packed = Packed { ids: &ids, positions: &positions, pixels: case.pixels.as_ref(), grids: &case.grids() };
        let logits = tch::no_grad(|| model.logits(&model.forward(&packed, 0, &trace)));
        let mut got = trace.take();
        got.insert("logits".to_owned(), logits);
        let kept = case.same_choices(&got).and_then(|same| {
            let share = same.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            let enough = if setting.kind == Kind::Float { 1.0 } else { 0.8 };
            assert!(share >= enough, "{}: {share} of the tokens went to the reference's experts", case.name);
            (share < 1.0).then(|| same.nonzero().view(-1))
        });
        for (name, expected) in &case.expected.0 {
            // Which experts were chosen is compared apart, and their weights are seen in what comes of it.
            let chosen = ["_experts", "_expert_weights", "_router_margin"].iter().any(|end| name.ends_with(end));
            // Of words alone the reference turns by the padding, too.
            let shifted = name.starts_with("txt_rope_") && case.grids().is_empty();
            if chosen || shifted || !(name.starts_with("vis_") || is_of_text(name)) {
                continue;
            }
            let expected = if is_of_text(name) { case.packed(name, expected) } else { expected.shallow_clone() };
            let kept = kept.as_ref().filter(|_| is_of_text(name));
            match (got.get(name), kept) {
                (Some(got), Some(kept)) => {
                    let rows = |tensor: &Tensor| tensor.to_device(Device::Cpu).index_select(0, kept);
                    findings.compare(&case.name, name, &rows(got), &rows(&expected), setting.tolerance);
                }
                (Some(got), None) => findings.compare(&case.name, name, got, &expected, setting.tolerance),
                (None, _) => findings.complaints.push(format!("{}: {name} is not computed", case.name)),
            }
        }
        if let Some(expected) = case.expected.get("position_ids") {
            let mut expected = numbers(&expected.flatten(1, 2).index_select(1, &case.kept));
            if case.grids().is_empty() {
                // Of words alone the reference counts the padding, too; only distances matter.
                let mut from = 0;
                for row in case.ids.iter().cycle().take(3 * case.ids.len()) {
                    let first = expected[from];
                    expected[from..from + row.len()].iter_mut().for_each(|position| *position -= first);
                    from += row.len();
                }
            }
            let got: Vec<i64> = [0, 1, 2]
                .into_iter()
                .flat_map(|axis| positions.iter().flat_map(move |it| it.axes[axis].clone()))
                .collect();
            assert_eq!(got, expected, "{}: positions", case.name);
        }
        if let Some(deltas) = case.expected.get("rope_deltas") {
            let got: Vec<i64> = positions.iter().map(|it| it.delta).collect();
            assert_eq!(got, numbers(deltas), "{}: deltas", case.name);
        }
    });
    findings.finish(80);
}

/// The targets of the reference's `labels`, which are shifted by one within each row.
fn targets(case: &Case) -> Targets {
    let labels = numbers(&case.packed("labels", &case.inputs.get("labels").unwrap().unsqueeze(-1)));
    let (mut places, mut ids, mut from) = (Vec::new(), Vec::new(), 0);
    for row in &case.ids {
        for (place, label) in
            labels[from..from + row.len()].iter().enumerate().skip(1).filter(|(_, label)| **label >= 0)
        {
            places.push((from + place) as i64 - 1);
            ids.push(*label);
        }
        from += row.len();
    }
    Targets::mean(places, ids)
}

#[test]
fn every_weight_gets_the_gradient_of_the_reference() {
    let mut findings = Findings::default();
    each_case(|model, case, setting| {
        if case.expected.get("loss").is_none() {
            return;
        }
        let positions = case.positions(model);
        let ids = case.ids.concat();
        for recompute in [0, 1, usize::MAX] {
            for weight in model.weights().values() {
                // The correction of a mixture's choice is moved by hand, not by gradients.
                let mut weight = weight.shallow_clone().set_requires_grad(true);
                weight.zero_grad();
            }
            let packed =
                Packed { ids: &ids, positions: &positions, pixels: case.pixels.as_ref(), grids: &case.grids() };
            let hidden = model.forward(&packed, recompute, &Trace::off());
            let loss = model.loss(&hidden, &targets(case));
            loss.backward();
            findings.compare(&case.name, "loss", &loss.view(1), case.expected.get("loss").unwrap(), setting.tolerance);
            let expected = |name: &str| case.expected.get(&format!("grad.{name}"));
            let mut missing: BTreeSet<&str> =
                case.expected.0.keys().filter_map(|name| name.strip_prefix("grad.")).collect();
            for (name, weight) in model.weights() {
                let gradient = weight.grad();
                if !gradient.defined() {
                    continue;
                }
                let mut parts = vec![(name.clone(), gradient.shallow_clone())];
                parts.extend(published(name, &gradient));
                for (name, got) in parts {
                    let Some(expected) = expected(&name) else { continue };
                    missing.remove(name.as_str());
                    // What is nothing but rounding there is not compared.
                    if expected.norm().double_value(&[]) > 1e-6 {
                        let name = format!("grad.{name}");
                        findings.compare(&case.name, &name, &got, expected, setting.gradient_tolerance);
                    }
                }
            }
            missing.retain(|name| expected(name).is_some_and(|it| it.norm().double_value(&[]) > 0.0));
            assert!(missing.is_empty(), "{}: no gradients of {missing:?}", case.name);
        }
    });
    findings.finish(50);
}

#[test]
fn cached_decoding_is_greedy_decoding_of_the_reference() {
    let setting = Setting::of_environment();
    let mut findings = Findings::default();
    let mut compared = 0;
    for (folder, cases) in models() {
        let model = Model::load(&folder, setting.device, setting.kind).unwrap();
        for case in cases {
            let case = Case::read(&case, &model);
            let Some(expected) = case.expected.get("greedy_ids") else { continue };
            if setting.kind != Kind::Float && model.config.text.experts.is_some() {
                continue;
            }
            compared += 1;
            let logits = tch::no_grad(|| greedy(&model, &case, expected));
            if let Some(expected) = case.expected.get("greedy_logits") {
                findings.compare(&case.name, "greedy_logits", &logits, expected, setting.tolerance);
            }
            if setting.kind == Kind::Float {
                assert_eq!(numbers(&logits.argmax(-1, false)), numbers(expected), "{}: tokens", case.name);
            }
        }
    }
    assert!(compared > 0);
    findings.finish(1);
}

/// Feeds the reference's tokens, all rows at once in slots that lie apart; gives `[batch, steps, vocab]`. The first prompt
/// is read in two parts.
fn greedy(model: &Model, case: &Case, expected: &Tensor) -> Tensor {
    let positions = case.positions(model);
    let features = case.pixels.as_ref().map(|pixels| model.encode_images(pixels, &case.grids()));
    let rows = case.ids.len();
    let mut cache = model.cache(2 * rows, 1);
    let mut logits = Vec::new();
    let mut used = 0;
    let slot = |row: usize| 2 * (rows - 1 - row);
    for (row, ids) in case.ids.iter().enumerate() {
        let count = ids.iter().filter(|id| **id == model.config.tokens.image).count() as i64;
        let mine = features.as_ref().map(|all| all.narrow(0, used, count));
        used += count;
        let half = if row == 0 { ids.len() / 2 } else { 0 };
        let mut part = |from, to| {
            let prompt = Prompt { slot: slot(row), ids, positions: &positions[row], features: mine.as_ref(), from, to };
            model.prefill(&mut cache, &[prompt])
        };
        if half > 0 {
            let _ = part(0, half);
        }
        logits.push(part(half, ids.len()));
    }
    let mut steps = vec![Tensor::cat(&logits, 0)];
    let slots: Vec<usize> = (0..rows).map(slot).collect();
    for step in 0..expected.size()[1] - 1 {
        let ids: Vec<u32> = numbers(&expected.select(1, step)).iter().map(|id| u32::try_from(*id).unwrap()).collect();
        let at: Vec<i64> =
            (0..rows).map(|row| positions[row].after(case.ids[row].len() + usize::try_from(step).unwrap())).collect();
        steps.push(model.decode(&mut cache, &slots, &ids, &at));
    }
    Tensor::stack(&steps, 1).to_device(Device::Cpu)
}

#[test]
fn a_checkpoint_is_what_its_configuration_says() {
    for (folder, _) in models() {
        let report = glim_vlm::checkpoint::check(&folder, None).unwrap();
        assert!(report.is_sound() && report.shapes_compared, "{}: {report:?}", folder.display());
        assert!(report.unexpected.is_empty(), "{}: {report:?}", folder.display());
    }
}
