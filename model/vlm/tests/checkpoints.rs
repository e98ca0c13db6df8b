//! What is saved is what is loaded, in one file and in shards, and a checkpoint that is damaged says how.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use glim_vlm::checkpoint::{SHARD_BYTES, check, save};
use glim_vlm::trace::Trace;
use glim_vlm::{Config, Model, Packed};
use rstest::rstest;
use tch::{Device, Kind, Tensor};

fn config(experts: bool) -> Config {
    let text = if experts {
        r#""model_type": "glm4v_moe", "text_config": {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "moe_intermediate_size": 16,
            "n_routed_experts": 4, "num_experts_per_tok": 2, "initializer_range": 0.3,
            "rope_parameters": {"mrope_section": [1, 1]}},"#
    } else {
        r#""model_type": "glm4v", "text_config": {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.3,
            "rope_parameters": {"mrope_section": [1, 1]}},"#
    };
    let rest = r#""image_token_id": 60, "video_start_token_id": 61, "video_end_token_id": 62,
        "vision_config": {"depth": 1, "hidden_size": 16, "num_heads": 2, "out_hidden_size": 32, "intermediate_size": 24,
            "image_size": 56}"#;
    Config::parse(&format!("{{{text} {rest}}}")).unwrap()
}

fn logits(model: &Model) -> Tensor {
    let ids = [1, 2, 3, 4, 5];
    let positions = [model.positions(&ids, &[], &[]).unwrap()];
    let packed = Packed { ids: &ids, positions: &positions, pixels: None, grids: &[] };
    tch::no_grad(|| model.logits(&model.forward(&packed, 0, &Trace::off())))
}

fn written(folder: &Path, experts: bool, shard_bytes: usize) -> Model {
    let model = Model::random(config(experts), 7, Device::Cpu, Kind::Float);
    save(folder, &model.config.json, model.weights(), shard_bytes).unwrap();
    model
}

#[rstest]
#[case::one_file(false, SHARD_BYTES, 1)]
#[case::shards(false, 20_000, 2)]
#[case::experts(true, SHARD_BYTES, 1)]
#[case::experts_in_shards(true, 20_000, 2)]
fn what_is_saved_is_what_is_loaded(#[case] experts: bool, #[case] shard_bytes: usize, #[case] files: usize) {
    let folder = tempfile::tempdir().unwrap();
    let model = written(folder.path(), experts, shard_bytes);
    let entries: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    let weights = entries.iter().filter(|name| name.to_string_lossy().ends_with(".safetensors")).count();
    assert!(weights >= files, "{entries:?}");
    assert!(!entries.iter().any(|name| name.to_string_lossy().ends_with(".partial")), "{entries:?}");
    let report = check(folder.path(), None).unwrap();
    assert!(report.is_sound() && report.shapes_compared && report.unexpected.is_empty(), "{report:?}");
    let parameters: usize = model.weights().values().map(|weight| weight.numel()).sum();
    assert_eq!(report.parameters, parameters as u64);
    for loaded in [
        Model::load_for_training(folder.path(), Device::Cpu, Kind::Float).unwrap(),
        Model::load(folder.path(), Device::Cpu, Kind::Float).unwrap(),
    ] {
        let far = (logits(&model) - logits(&loaded)).abs().max().double_value(&[]);
        assert!(far < 1e-5, "{far}");
        // A model that was made ready for inference is saved as what it was.
        let again = tempfile::tempdir().unwrap();
        save(again.path(), &loaded.config.json, loaded.weights(), SHARD_BYTES).unwrap();
        assert!(check(again.path(), None).unwrap().is_sound());
    }
}

#[test]
fn one_file_after_shards_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), false, 20_000);
    let model = Model::random(config(false), 8, Device::Cpu, Kind::Float);
    save(folder.path(), &model.config.json, model.weights(), SHARD_BYTES).unwrap();
    let loaded = Model::load(folder.path(), Device::Cpu, Kind::Float).unwrap();
    assert!((logits(&model) - logits(&loaded)).abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn damage_is_told_by_file_and_tensor() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), false, SHARD_BYTES);
    let file = folder.path().join("model.safetensors");
    let whole = std::fs::read(&file).unwrap();
    let load = || Model::load(folder.path(), Device::Cpu, Kind::Float).err().map(|error| error.to_string());
    for length in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        let said = load().unwrap();
        assert!(said.contains("model.safetensors") && said.contains("safetensors"), "{length}: {said}");
    }
    // A name that is gone, and a shape that is another one, of the same length in the file.
    let rename = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|bytes| bytes == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        std::fs::write(&file, bytes).unwrap();
    };
    rename("lm_head.weight", "lm_heap.weight");
    assert!(load().unwrap().contains("has no tensor `lm_head.weight`"));
    assert_eq!(check(folder.path(), None).unwrap().missing, ["lm_head.weight"]);
    rename("\"shape\":[64,32]", "\"shape\":[32,64]");
    let said = load().unwrap();
    assert!(said.contains("has the shape [32, 64]") && said.contains("[64, 32]"), "{said}");
    assert_eq!(check(folder.path(), None).unwrap().differing.len(), 1);
}

#[test]
fn the_release_is_checked_by_names_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), r#"{"model_type": "glm4v"}"#).unwrap();
    let config = Config::parse(r#"{"model_type": "glm4v"}"#).unwrap();
    let shapes = Model::shapes(&config);
    let map: serde_json::Map<_, _> =
        shapes.iter().map(|(name, _)| (name.clone(), "model-00001-of-00004.safetensors".into())).collect();
    let index = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index, serde_json::json!({ "weight_map": map }).to_string()).unwrap();
    let report = check(folder.path(), None).unwrap();
    assert!(report.is_sound() && !report.shapes_compared, "{report:?}");
    // As the reference counts them.
    assert_eq!(report.parameters, 10_292_777_472);
    assert_eq!(report.tensors, 523 + 181);
}
