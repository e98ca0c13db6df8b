//! A checkpoint made from nothing with the program's own commands, and taught to say one thing.
//!
//! With random weights a model says what nobody can foretell. One that is *taught* has all its layers silenced, so that the
//! last token alone decides the next: its head answers the embedding of each token of a text with the one that follows. The
//! program cannot tell the difference: the same code reads, decodes and draws.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value, json};

const TEXT: &str = "The quick brown fox jumps over the lazy dog. A red mug costs seven crowns; a blue mug costs nine. \
    Press the green button to go on, press the red button to stop. What is seen is told, what is told is done.\n";

/// A folder that is removed at the end.
pub struct Checkpoint {
    folder: tempfile::TempDir,
}

/// The program.
pub fn glim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glim"));
    command.env_remove("GLIM_TOKEN").env("GLIM_LOG", "warn");
    command
}

/// What the program says, which must not be an error.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn config() -> Value {
    let rope = |kind: &str| json!({"rope_theta": 10000.0, "rope_type": kind});
    let mut text_rope = rope("default");
    text_rope["mrope_section"] = json!([2, 3, 3]);
    text_rope["partial_rotary_factor"] = json!(0.5);
    json!({
        "architectures": ["Glm4vForConditionalGeneration"],
        "model_type": "glm4v",
        "tie_word_embeddings": false,
        "text_config": {
            "model_type": "glm4v_text", "hidden_act": "silu", "hidden_size": 128, "intermediate_size": 96,
            "max_position_embeddings": 16384, "num_attention_heads": 4, "num_hidden_layers": 2,
            "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "initializer_range": 0.02, "vocab_size": 448,
            "rope_parameters": text_rope,
        },
        "vision_config": {
            "model_type": "glm4v_vision", "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 80, "depth": 2,
            "num_heads": 4, "image_size": 56, "in_channels": 3, "out_hidden_size": 128, "patch_size": 14,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "attention_bias": false, "rms_norm_eps": 1e-5,
            "initializer_range": 0.02, "rope_parameters": rope("axial"),
        },
    })
}

impl Checkpoint {
    /// Random weights.
    pub fn random(seed: u64) -> Checkpoint {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("text.txt"), TEXT.repeat(4)).unwrap();
        std::fs::write(at("config.json"), config().to_string()).unwrap();
        let train = ["tokenizer", "train", "--vocab-size", "400", "--text"];
        run(glim().args(train).arg(at("text.txt")).arg("--out").arg(at("tokenizer")));
        let seed = seed.to_string();
        run(glim()
            .args(["checkpoint", "init", "--seed", &seed, "--config"])
            .arg(at("config.json"))
            .args(["--tokenizer"])
            .arg(at("tokenizer"))
            .arg("--out")
            .arg(at("tiny")));
        Checkpoint { folder }
    }

    /// Says `text` after a prompt that the template closes, and then ends its reply; or begins again, with `forever`. No
    /// token of it may occur twice.
    pub fn taught(text: &str, forever: bool) -> Checkpoint {
        let checkpoint = Checkpoint::random(1);
        let tokens = checkpoint.tokens(text);
        let line_end = checkpoint.tokens("\n")[0];
        let last = if forever { tokens[0] } else { checkpoint.tokens("<|user|>")[0] };
        let path: Vec<u32> = [line_end].into_iter().chain(tokens).chain([last]).collect();
        let mut seen = path[..path.len() - 1].to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), path.len() - 1, "a token occurs twice in {text:?}");
        checkpoint.teach(&path);
        checkpoint
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tiny")
    }

    /// Ends the prompt within a thought, as the templates of some releases do.
    pub fn open_thought(&self) {
        let template = self.path().join("chat_template.jinja");
        let mut source = std::fs::read_to_string(&template).unwrap();
        source.push_str("{{ '<think>\\n' }}");
        std::fs::write(template, source).unwrap();
    }

    /// The ids of a text.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let told = run(glim().args(["tokenizer", "encode", "--tokenizer"]).arg(self.path()).arg(text));
        told.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect()
    }

    fn teach(&self, path: &[u32]) {
        let file = self.path().join("model.safetensors");
        let mut weights = Weights::read(&file);
        for (name, values) in &mut weights.tensors {
            // What a layer adds to the token that it reads.
            if name.contains("language_model.layers")
                && (name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight"))
            {
                values.fill(0.0);
            }
        }
        let hidden = config()["text_config"]["hidden_size"].as_u64().unwrap() as usize;
        let embeddings = weights.find("embed_tokens.weight").clone();
        let head = weights.find("lm_head.weight");
        head.fill(0.0);
        for pair in path.windows(2) {
            let from = &embeddings[pair[0] as usize * hidden..][..hidden];
            let length = from.iter().map(|value| value * value).sum::<f32>().sqrt();
            let row = &mut head[pair[1] as usize * hidden..][..hidden];
            for (weight, value) in row.iter_mut().zip(from) {
                *weight += value / length * 8.0;
            }
        }
        weights.write(&file);
    }
}

/// All tensors of a safetensors file in f32: a length of eight bytes, a header in JSON, numbers.
struct Weights {
    tensors: BTreeMap<String, Vec<f32>>,
    shapes: BTreeMap<String, Value>,
}

impl Weights {
    fn read(file: &Path) -> Weights {
        let bytes = std::fs::read(file).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Map<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let data = &bytes[8 + length..];
        let (mut tensors, mut shapes) = (BTreeMap::new(), BTreeMap::new());
        for (name, told) in header.into_iter().filter(|(name, _)| name != "__metadata__") {
            assert_eq!(told["dtype"], "F32", "{name}");
            let place = |index: usize| told["data_offsets"][index].as_u64().unwrap() as usize;
            let values = data[place(0)..place(1)].chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap()));
            tensors.insert(name.clone(), values.collect());
            shapes.insert(name, told["shape"].clone());
        }
        Weights { tensors, shapes }
    }

    fn find(&mut self, end: &str) -> &mut Vec<f32> {
        let name = self.tensors.keys().find(|name| name.ends_with(end)).unwrap().clone();
        self.tensors.get_mut(&name).unwrap()
    }

    fn write(&self, file: &Path) {
        let (mut header, mut data) = (Map::new(), Vec::new());
        for (name, values) in &self.tensors {
            let begin = data.len();
            data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            let told = json!({"dtype": "F32", "shape": self.shapes[name], "data_offsets": [begin, data.len()]});
            header.insert(name.clone(), told);
        }
        let header = Value::from(header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        std::fs::write(file, bytes).unwrap();
    }
}
