//! A tiny model in a folder, and samples for it.

use std::path::Path;

use glim_data::training::{Batch, CellLabel, Cursor, Named, Prepared, UNKNOWN_LETTERS};
use glim_processor::{Grid, Processor, Training};
use glim_train::Recipe;
use glim_vlm::checkpoint;
use serde_json::{Value, json};

/// A checkpoint with fresh weights, a tokenizer and a template.
pub fn checkpoint(folder: &Path, tied: bool, seed: u64) {
    let words = ["click the red button", "where is the blue box", "[[1,2,3,4]] 0 1 2 3 4 5 6 7 8 9"];
    let training = Training { vocabulary: 320, min_frequency: 1, single_digits: true };
    let tokenizer = training.train(words.map(str::to_owned)).expect("the vocabulary has room");
    tokenizer.save(folder).expect("the folder can be written");
    let id = |token: &str| tokenizer.token_id(token).expect("a special token");
    let config = json!({
        "model_type": "glm4v",
        "tie_word_embeddings": tied,
        "image_token_id": id("<|image|>"),
        "video_token_id": id("<|video|>"),
        "image_start_token_id": id("<|begin_of_image|>"),
        "image_end_token_id": id("<|end_of_image|>"),
        "video_start_token_id": id("<|begin_of_video|>"),
        "video_end_token_id": id("<|end_of_video|>"),
        "text_config": {
            "model_type": "glm4v_text",
            "vocab_size": tokenizer.vocabulary(),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 512,
            "rms_norm_eps": 1e-5,
            "rope_parameters": {
                "rope_theta": 10000.0, "partial_rotary_factor": 0.5, "mrope_section": [2, 1, 1], "rope_type": "default",
            },
            "eos_token_id": tokenizer.eos(),
            "pad_token_id": tokenizer.eos()[0],
        },
        "vision_config": {
            "model_type": "glm4v_vision",
            "depth": 2,
            "hidden_size": 16,
            "num_heads": 2,
            "image_size": 56,
            "patch_size": 14,
            "temporal_patch_size": 2,
            "spatial_merge_size": 2,
            "out_hidden_size": 32,
            "intermediate_size": 32,
        },
    });
    let config: Value = config;
    checkpoint::init(folder, &config, seed).expect("the configuration makes a model");
}

/// A recipe over the checkpoint in `folder`; its data is not read by these tests.
pub fn recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let path = folder.join("recipe.toml");
    let text = format!(
        "stage = \"pretrain\"\nsteps = 200\n[model]\nfrom = {:?}\n[optimizer]\nrate = 3e-3\nbetas = [0.9, 0.98]\n[schedule]\nwarmup = 5\n\
         [data]\ntoken_budget = 512\n[[data.sources]]\nname = \"none\"\npath = \"none\"\nkind = \"screens\"\n",
        folder.display().to_string()
    );
    std::fs::write(&path, text).expect("the folder can be written");
    let settings: Vec<String> = settings.iter().map(|it| (*it).to_owned()).collect();
    Recipe::read(&path, &settings).unwrap_or_else(|error| panic!("{error}"))
}

/// A picture of two by two tokens, a question and an answer that both depend on `number`.
pub fn sample(processor: &Processor, number: u32) -> Prepared {
    let tokenizer = processor.tokenizer();
    let id = |token: &str| tokenizer.token_id(token).expect("a special token");
    let mut ids = vec![id("<|user|>"), id("<|begin_of_image|>")];
    ids.extend([id("<|image|>"); 4]);
    ids.push(id("<|end_of_image|>"));
    let question = if number.is_multiple_of(2) { "where is the blue box" } else { "click the red button" };
    ids.extend(tokenizer.encode(question).expect("plain text"));
    ids.push(id("<|assistant|>"));
    let begin = ids.len();
    ids.extend(tokenizer.encode(&format!("[[{number},{},3,4]]", number % 7)).expect("plain text"));
    ids.push(id("<|user|>"));
    let weights = (0..ids.len()).map(|at| if at >= begin { 1.0 } else { 0.0 }).collect();
    let patches = (0..16 * 1176).map(|at| ((at as u32 ^ number.wrapping_mul(2_654_435_761)) % 97) as f32 / 48.0 - 1.0);
    let label = |cell: u32| CellLabel {
        token: if cell == number % 4 { i64::from(ids[begin]) } else { -1 },
        x_bin: i64::from(7 + 14 * (cell % 2)),
        y_bin: i64::from(7 + 14 * (cell / 2)),
    };
    let letters = |patch: u32| match patch {
        15 => UNKNOWN_LETTERS,
        _ if patch % 5 == number % 5 => [2 + (patch + number) as u8, 60],
        _ => [0, 0],
    };
    Prepared {
        labels: (0..4).map(label).collect(),
        letters: (0..16).map(letters).collect(),
        named: vec![Named { tokens: begin - 1..ids.len() - 1, cells: vec![number as usize % 4] }],
        ids,
        weights,
        patches: patches.collect(),
        grids: vec![Grid { t: 1, h: 4, w: 4 }],
        ..Prepared::default()
    }
}

/// Packed into one micro-batch.
pub fn batch(samples: Vec<Prepared>) -> Batch {
    Batch { samples, cursor_after: Cursor::default(), ..Batch::default() }
}
