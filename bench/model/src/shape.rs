//! The shapes that are measured: those of the peer's script.

use serde_json::{Value, json};

pub(crate) struct Shape {
    pub depth: usize,
    pub vision_hidden: usize,
    vision_heads: usize,
    pub layers: usize,
    pub hidden: usize,
    heads: usize,
    kv_heads: usize,
    ffn: usize,
    pub vocab: usize,
    merger_ffn: usize,
}

impl Shape {
    pub fn named(name: &str) -> anyhow::Result<Shape> {
        let numbers = match name {
            "tiny" => [3, 64, 4, 3, 128, 4, 2, 256, 512, 256],
            "100m" => [12, 384, 6, 12, 512, 8, 2, 1536, 32_768, 1536],
            "500m" => [16, 768, 12, 24, 1024, 16, 2, 3072, 65_536, 3072],
            "1b" => [24, 1024, 16, 24, 1536, 12, 2, 4608, 151_552, 4608],
            "9b" => [24, 1536, 12, 40, 4096, 32, 2, 13_696, 151_552, 13_696],
            other => anyhow::bail!("`{other}` is no shape: tiny, 100m, 500m, 1b or 9b"),
        };
        let [depth, vision_hidden, vision_heads, layers, hidden, heads, kv_heads, ffn, vocab, merger_ffn] = numbers;
        Ok(Shape { depth, vision_hidden, vision_heads, layers, hidden, heads, kv_heads, ffn, vocab, merger_ffn })
    }

    pub fn image_token(&self) -> usize {
        self.vocab - 9
    }

    /// The `config.json` of it.
    pub fn config(&self) -> Value {
        let frequencies = self.hidden / self.heads / 4;
        let time = frequencies / 4;
        let rows = (frequencies - time) / 2;
        json!({
            "model_type": "glm4v",
            "image_token_id": self.image_token(), "video_start_token_id": self.vocab - 11,
            "video_end_token_id": self.vocab - 10,
            "text_config": {
                "vocab_size": self.vocab, "hidden_size": self.hidden, "intermediate_size": self.ffn,
                "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
                "num_key_value_heads": self.kv_heads, "max_position_embeddings": 65_536,
                "rope_parameters": { "rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5,
                    "mrope_section": [time, rows, frequencies - time - rows] },
            },
            "vision_config": {
                "depth": self.depth, "hidden_size": self.vision_hidden, "num_heads": self.vision_heads,
                "out_hidden_size": self.hidden, "intermediate_size": self.merger_ffn, "image_size": 336,
            },
        })
    }
}
