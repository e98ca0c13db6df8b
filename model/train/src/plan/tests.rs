use rstest::rstest;

use super::*;

/// GLM-4.1V-9B as its `config.json` and the checkpoint say: names and shapes of its tensors.
fn nine_billion() -> Model {
    let text = Text {
        layers: 40,
        hidden: 4096,
        intermediate: 13_696,
        heads: 32,
        kv_heads: 2,
        head_dim: 128,
        vocab: 151_552,
        experts: None,
    };
    model("GLM-4.1V-9B", text)
}

/// GLM-4.5V.
fn mixture() -> Model {
    let experts = Experts { routed: 128, shared: 1, chosen: 8, intermediate: 1408, dense_layers: 1 };
    let text = Text {
        layers: 46,
        hidden: 4096,
        intermediate: 10_944,
        heads: 96,
        kv_heads: 8,
        head_dim: 128,
        vocab: 151_552,
        experts: Some(experts),
    };
    model("GLM-4.5V", text)
}

fn model(name: &str, text: Text) -> Model {
    let vision = Vision { depth: 24, hidden: 1536, intermediate: 4096, merge: 2 };
    // The merger's gated layer has its own width in GLM-4.5V.
    let merger = if text.experts.is_some() { 10_944 } else { 13_696 };
    let mut tensors = Vec::new();
    let mut add = |name: String, shape: &[u64]| tensors.push((name, shape.iter().map(|side| *side as i64).collect()));
    let (seen, wide) = (vision.hidden, text.hidden);
    let see = |name: &str| format!("model.visual.{name}");
    add(see("patch_embed.proj.weight"), &[seen, 3, 2, 14, 14]);
    add(see("patch_embed.proj.bias"), &[seen]);
    add(see("embeddings.position_embedding.weight"), &[24 * 24, seen]);
    for norm in ["post_conv_layernorm.weight", "post_layernorm.weight"] {
        add(see(norm), &[seen]);
    }
    for block in 0..vision.depth {
        let at = |name: &str| see(&format!("blocks.{block}.{name}"));
        add(at("norm1.weight"), &[seen]);
        add(at("norm2.weight"), &[seen]);
        add(at("attn.qkv.weight"), &[3 * seen, seen]);
        add(at("attn.proj.weight"), &[seen, seen]);
        add(at("mlp.gate_proj.weight"), &[vision.intermediate, seen]);
        add(at("mlp.up_proj.weight"), &[vision.intermediate, seen]);
        add(at("mlp.down_proj.weight"), &[seen, vision.intermediate]);
    }
    add(see("downsample.weight"), &[wide, seen, 2, 2]);
    add(see("downsample.bias"), &[wide]);
    add(see("merger.proj.weight"), &[wide, wide]);
    add(see("merger.post_projection_norm.weight"), &[wide]);
    add(see("merger.post_projection_norm.bias"), &[wide]);
    add(see("merger.gate_proj.weight"), &[merger, wide]);
    add(see("merger.up_proj.weight"), &[merger, wide]);
    add(see("merger.down_proj.weight"), &[wide, merger]);
    add("model.language_model.embed_tokens.weight".to_owned(), &[text.vocab, wide]);
    for layer in 0..text.layers {
        let at = |name: &str| format!("model.language_model.layers.{layer}.{name}");
        let (queries, keys) = (text.heads * text.head_dim, text.kv_heads * text.head_dim);
        for (name, rows) in [("q_proj", queries), ("k_proj", keys), ("v_proj", keys)] {
            add(at(&format!("self_attn.{name}.weight")), &[rows, wide]);
            add(at(&format!("self_attn.{name}.bias")), &[rows]);
        }
        add(at("self_attn.o_proj.weight"), &[wide, queries]);
        add(at("input_layernorm.weight"), &[wide]);
        add(at("post_attention_layernorm.weight"), &[wide]);
        match text.experts {
            Some(experts) if layer >= experts.dense_layers => {
                add(at("mlp.gate.weight"), &[experts.routed, wide]);
                add(at("mlp.gate.e_score_correction_bias"), &[experts.routed]);
                add(at("mlp.experts.gate_up_proj"), &[experts.routed, 2 * experts.intermediate, wide]);
                add(at("mlp.experts.down_proj"), &[experts.routed, wide, experts.intermediate]);
                let shared = experts.shared * experts.intermediate;
                add(at("mlp.shared_experts.gate_proj.weight"), &[shared, wide]);
                add(at("mlp.shared_experts.up_proj.weight"), &[shared, wide]);
                add(at("mlp.shared_experts.down_proj.weight"), &[wide, shared]);
            }
            _ => {
                add(at("mlp.gate_up_proj.weight"), &[2 * text.intermediate, wide]);
                add(at("mlp.down_proj.weight"), &[wide, text.intermediate]);
            }
        }
        if text.experts.is_none() {
            add(at("post_self_attn_layernorm.weight"), &[wide]);
            add(at("post_mlp_layernorm.weight"), &[wide]);
        }
    }
    add("model.language_model.norm.weight".to_owned(), &[wide]);
    add("lm_head.weight".to_owned(), &[text.vocab, wide]);
    Model { name: name.to_owned(), tensors, text, vision }
}

fn setup(model: Model) -> Setup {
    Setup {
        model,
        frozen: Vec::new(),
        batch: Batch {
            length: 8192,
            sequences: 8,
            at_once: 1,
            steps: 1000,
            samples: Vec::new(),
            image_share: 0.0,
            image_tokens: 1024,
        },
        precision: Precision::Bf16,
        optimizer: Optimizer::AdamW,
        parallel: Parallel::default(),
        recomputed: u64::MAX,
        sharded_optimizer: false,
        logits_chunk: 1024,
        device: Device::known("H100 SXM").unwrap(),
        share_of_peak: 0.4,
    }
}

/// The paper's first stage (section 3): 8,192 tokens x 1,536 x 120,000, tensor parallel 2.
fn paper() -> Setup {
    let mut setup = setup(nine_billion());
    setup.batch = Batch { sequences: 1536, steps: 120_000, image_share: 0.5, samples: vec![2048; 4], ..setup.batch };
    setup.parallel = Parallel { data: 64, tensor: 2, ..Parallel::default() };
    setup.sharded_optimizer = true;
    setup
}

fn near(value: f64, wanted: f64, relative: f64) {
    assert!((value / wanted - 1.0).abs() <= relative, "{value} is not within {relative} of {wanted}");
}

/// What Hugging Face counts in the published files: 10.29 billion, of which 9.4 are GLM-4-9B-0414; and 106 billion with 12
/// at work (section 1 of the paper).
#[test]
fn published_models_have_the_published_sizes() {
    let nine = nine_billion().parameters(&[]);
    assert_eq!(nine.total, 10_292_777_472);
    assert_eq!((nine.text, nine.active, nine.trained), (9_400_279_040, nine.total, nine.total));
    let mixture = mixture().parameters(&["model.visual.".to_owned()]);
    near(mixture.total as f64, 107e9, 0.02);
    near(mixture.active as f64, 13e9, 0.1);
    assert_eq!(mixture.trained, mixture.text);
}

/// 6 operations for each parameter and token (Kaplan et al.), where words' vectors are looked up, and attention's.
#[test]
fn work_is_six_operations_for_each_parameter_and_token() {
    let setup = setup(nine_billion());
    let work = Plan::new(&setup).unwrap().work;
    // All of the decoder but the table of words, norms and biases: 9,400,279,040 - 151,552 * 4096 - vectors.
    let vectors = 40 * (4 * 4096 + 4096 + 2 * 256) + 4096;
    let matrices = (9_400_279_040_u64 - 151_552 * 4096 - vectors) as f64;
    let attention = 6.0 * 40.0 * 32.0 * 128.0 * 8192.0;
    near(work.attention, attention, 1e-12);
    near(work.forward_backward, 6.0 * matrices + attention, 1e-12);
    near(work.forward, work.forward_backward / 3.0, 1e-12);
    // The head is not computed again.
    near(work.with_recomputation, work.forward_backward * 4.0 / 3.0 - 2.0 * 151_552.0 * 4096.0, 1e-12);
    near(work.forward_backward - attention, 6.0 * 9.4e9, 0.07);
    assert_eq!(work.vision, 0.0);
}

#[test]
fn attention_reaches_over_a_sample_and_not_over_the_whole_pack() {
    let mut setup = setup(nine_billion());
    let whole = Plan::new(&setup).unwrap().work;
    setup.batch.samples = vec![6144, 2048];
    let packed = Plan::new(&setup).unwrap().work;
    assert_eq!((whole.attended, packed.attended), (8192.0, (6144.0 * 6144.0 + 2048.0 * 2048.0) / 8192.0));
    near(packed.attention / whole.attention, packed.attended / 8192.0, 1e-12);
}

/// A picture of 1,024 tokens is 4,096 patches, and each passes the tower once.
#[test]
fn the_tower_works_for_each_patch() {
    let mut setup = setup(nine_billion());
    setup.batch.image_share = 0.25;
    let work = Plan::new(&setup).unwrap().work;
    let block = 4 * 1536 * 1536 + 3 * 1536 * 4096;
    let patches = 4.0 * (24 * block + 1536 * 1176) as f64;
    let merger = (4 * 4096 * 1536 + 4096 * 4096 + 3 * 4096 * 13_696) as f64;
    let attention = 4.0 * 24.0 * 1536.0 * 4096.0 * 4.0;
    let vision = 0.25 * 3.0 * (2.0 * (patches + merger) + attention);
    near(work.vision, vision, 1e-12);
    setup.frozen = vec!["model.visual.".to_owned()];
    let frozen = Plan::new(&setup).unwrap().work;
    near(frozen.vision, vision / 3.0, 1e-12);
    near(work.forward, frozen.forward, 1e-12);
}

/// 2 bytes a weight, 2 a gradient, 4 a master weight, 8 the moments: 16 for each parameter (ZeRO, arXiv 1910.02054,
/// section 3.1).
#[test]
fn memory_is_sixteen_bytes_for_each_parameter_and_what_is_kept_for_backward() {
    let plan = Plan::new(&setup(nine_billion())).unwrap();
    let Memory { weights, gradients, master_weights, moments, activations, logits, total, .. } = plan.memory;
    let numbers = 10_292_777_472;
    assert_eq!([weights, gradients, master_weights, moments], [2 * numbers, 2 * numbers, 4 * numbers, 8 * numbers]);
    assert_eq!(logits, 2 * 4 * 1024 * 151_552);
    // 40 inputs of layers and the embeddings; three more at the head; one layer whole.
    let wide = 8192 * 4096 * 2;
    let layer = 8192 * (2 * (6 * 4096 + 2 * 4096 + 2 * 256 + 3 * 13_696) + 4 * 32);
    assert_eq!(activations, 41 * wide + 3 * wide + layer);
    assert_eq!(total, 16 * numbers + logits + activations);
    assert!(plan.memory_share.unwrap() > 2.0);
    let kept = Plan::new(&Setup { recomputed: 0, ..setup(nine_billion()) }).unwrap().memory;
    assert_eq!(kept.activations, 40 * layer + 4 * wide);
    assert_eq!(kept.weights, weights);
}

#[test]
fn in_f32_there_are_no_master_weights_and_what_is_frozen_needs_its_weights_alone() {
    let plain = Plan::new(&Setup { precision: Precision::F32, ..setup(nine_billion()) }).unwrap().memory;
    let numbers = 10_292_777_472;
    let parts = [plain.weights, plain.gradients, plain.master_weights, plain.moments];
    assert_eq!(parts, [4 * numbers, 4 * numbers, 0, 8 * numbers]);
    let averaged = Setup { optimizer: Optimizer::AdamWWithAverage, ..setup(nine_billion()) };
    assert_eq!(Plan::new(&averaged).unwrap().memory.moments, 12 * numbers);
    let frozen = Setup { frozen: vec!["model.".to_owned()], ..setup(nine_billion()) };
    let memory = Plan::new(&frozen).unwrap().memory;
    let head = 151_552 * 4096;
    assert_eq!([memory.weights, memory.gradients, memory.moments], [2 * numbers, 2 * head, 8 * head]);
}

#[test]
fn a_layout_divides_what_it_should() {
    let one = Plan::new(&Setup { sharded_optimizer: true, ..setup(nine_billion()) }).unwrap();
    let spread = |parallel: Parallel| {
        let mut setup = Setup { parallel, sharded_optimizer: true, ..setup(nine_billion()) };
        setup.batch.sequences = 64;
        Plan::new(&setup).unwrap()
    };
    let data = spread(Parallel { data: 8, ..Parallel::default() });
    assert_eq!(data.memory.weights, one.memory.weights);
    assert_eq!(data.memory.moments, one.memory.moments / 8);
    assert_eq!((data.devices, data.micro_batches), (8, 8));
    let tensor = spread(Parallel { tensor: 2, ..Parallel::default() });
    // Norms and biases are on both.
    near(tensor.memory.weights as f64, one.memory.weights as f64 / 2.0, 1e-3);
    assert_eq!(tensor.memory.logits, one.memory.logits / 2);
    let context = spread(Parallel { context: 4, ..Parallel::default() });
    assert_eq!(context.memory.activations, one.memory.activations / 4);
    assert_eq!(context.memory.moments, one.memory.moments / 4);
    let pipeline = spread(Parallel { pipeline: 4, ..Parallel::default() });
    // The first stage: a quarter of the layers, the tower and the words' table.
    let layers = (9_400_279_040 - 2 * 151_552 * 4096 - 4096) / 4;
    assert_eq!(pipeline.memory.stage, 0);
    assert_eq!(pipeline.memory.weights, 2 * (layers + 151_552 * 4096 + (10_292_777_472 - 9_400_279_040)));
    near(pipeline.time.bubble, 3.0 / 67.0, 1e-12);
    near(pipeline.time.step_s, data.time.step_s * 8.0 / 4.0 * 67.0 / 64.0, 1e-12);
    let mut mixture = Setup { sharded_optimizer: true, ..setup(mixture()) };
    mixture.parallel = Parallel { data: 8, expert: 8, ..Parallel::default() };
    let experts = 45 * 128 * 3 * 1408 * 4096_u64;
    let plan = Plan::new(&mixture).unwrap();
    assert_eq!(plan.memory.weights, 2 * (plan.parameters.total - experts + experts / 8));
    // Each expert is on one device only, so nothing is left to spread its moments over.
    assert_eq!(plan.memory.moments, 8 * ((plan.parameters.total - experts) / 8 + experts / 8));
}

/// 1.51 T tokens (the sheet's own product), and 6ND by hand: about 6 * 10^10 * 1.5 * 10^12 operations, of which 128 devices
/// at 40% do 5 * 10^16 in a second, a third more because layers are computed again: about four weeks.
#[test]
fn the_papers_first_stage_takes_weeks_on_128_devices() {
    let plan = Plan::new(&paper()).unwrap();
    assert_eq!((plan.tokens.step, plan.tokens.run, plan.devices), (12_582_912, 1_509_949_440_000, 128));
    assert_eq!(plan.micro_batches, 24);
    let by_hand = 4.0 / 3.0 * 6.0 * 1.03e10 * 1.51e12 / (128.0 * 989e12 * 0.4);
    near(plan.time.run_s, by_hand, 0.25);
    near(plan.time.mfu, 0.3, 0.02);
    near(plan.time.device_hours, plan.time.run_s / 3600.0 * 128.0, 1e-12);
    near(plan.time.tokens_per_second, 1_509_949_440_000.0 / plan.time.run_s, 1e-9);
    assert!(plan.memory_share.unwrap() < 1.0, "{}", plan);
    let once = Plan::new(&Setup { recomputed: 0, ..paper() }).unwrap();
    near(once.time.mfu, 0.4, 1e-9);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut wrong = setup(nine_billion());
    wrong.parallel = Parallel { data: 3, tensor: 5, pipeline: 41, expert: 2, context: 7 };
    wrong.share_of_peak = f64::NAN;
    wrong.batch.image_share = 1.5;
    wrong.batch.samples = vec![9000];
    let PlanError { mistakes } = Plan::new(&wrong).unwrap_err();
    let all = mistakes.join("\n");
    for part in ["heads (32)", "sequences (8)", "context` (7)", "experts", "pipeline` is 41", "NaN", "1.5", "[9000]"] {
        assert!(all.contains(part), "{part} is missing in:\n{all}");
    }
    assert_eq!(mistakes.len(), 9, "{all}");
    wrong.batch.sequences = 0;
    wrong.parallel.tensor = u64::MAX;
    wrong.model.text.layers = 12;
    let all = Plan::new(&wrong).unwrap_err().to_string();
    for part in ["`batch.sequences` is 0", "`parallel.tensor` is 18446744073709551615", "are of 40 layers"] {
        assert!(all.contains(part), "{part} is missing in:\n{all}");
    }
}

#[test]
fn no_number_is_too_large_for_an_answer() {
    for largest in [u64::MAX, 1 << 31] {
        let mut huge = setup(nine_billion());
        huge.parallel =
            Parallel { data: largest, tensor: largest, pipeline: largest, expert: largest, context: largest };
        huge.batch = Batch {
            length: largest,
            sequences: largest,
            at_once: largest,
            steps: largest,
            samples: vec![largest; 3],
            image_share: f64::INFINITY,
            image_tokens: largest,
        };
        huge.device = Device::cpu(f64::INFINITY, Some(u64::MAX));
        if largest == u64::MAX {
            huge.model.tensors.push(("model.language_model.layers.39.x".into(), vec![i64::MAX; 3]));
        }
        assert!(Plan::new(&huge).is_err());
    }
}

#[rstest]
#[case("h100", Some(("H100 SXM", 989e12, 80)))]
#[case("H100-SXM", Some(("H100 SXM", 989e12, 80)))]
#[case("H200", Some(("H200", 989e12, 141)))]
#[case("a100", Some(("A100", 312e12, 80)))]
#[case("h1", None)]
#[case("", None)]
fn devices_are_known_by_name(#[case] name: &str, #[case] known: Option<(&str, f64, u64)>) {
    let found = Device::known(name);
    let found = found.as_ref().map(|it| (it.name.as_str(), it.bf16_flops, it.memory_bytes.unwrap() / 1_000_000_000));
    assert_eq!(found, known);
    assert_eq!(Device::names().count(), 3);
}

#[test]
fn a_layout_stands_in_a_recipe_in_one_line() {
    #[derive(serde::Deserialize)]
    struct Recipe {
        parallel: Parallel,
    }
    let recipe: Recipe = toml::from_str("parallel = { data = 8, tensor = 2 }").unwrap();
    assert_eq!(recipe.parallel, Parallel { data: 8, tensor: 2, pipeline: 1, expert: 1, context: 1 });
    assert_eq!(recipe.parallel.devices(), 16);
    assert!(toml::from_str::<Recipe>("parallel = { rows = 2 }").is_err());
}

#[test]
fn a_person_and_a_program_can_read_it() {
    let plan = Plan::new(&paper()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&plan.json()).unwrap();
    assert_eq!(json["memory"]["weights"], plan.memory.weights);
    assert_eq!(json["parallel"]["tensor"], 2);
    let text = plan.to_string();
    for words in
        ["GLM-4.1V-9B, 10.3B parameters", "128 x H100 SXM, 80.0 GB each", "data 64 x tensor 2", "  fits: ", "1.51T"]
    {
        assert!(text.contains(words), "{words} is missing in:\n{text}");
    }
    let small = Setup { device: Device::cpu(1e11, None), precision: Precision::F32, ..setup(nine_billion()) };
    let text = Plan::new(&small).unwrap().to_string();
    assert!(text.contains("1 x CPU\n") && !text.contains("fit") && !text.contains("layout"), "{text}");
}
