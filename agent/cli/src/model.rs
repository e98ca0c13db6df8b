//! Where the program meets the decoding engine.

use std::path::Path;

use anyhow::Result;
use glim_processor::{Input, Tokenizer};
use glim_vlm::engine::{Device, Dtype, Engine, EngineOptions};

use crate::arguments::{DeviceArguments, Generate, On, Precision, Serve};

/// Starts an engine without keeping the runtime's threads waiting.
pub(crate) async fn start(checkpoint: &Path, options: EngineOptions) -> Result<Engine> {
    let checkpoint = checkpoint.to_owned();
    let started = tokio::task::spawn_blocking(move || Engine::start(&checkpoint, options)).await;
    match started {
        Ok(engine) => Ok(engine?),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What a checkpoint is called: its folder.
pub(crate) fn name(checkpoint: &Path) -> String {
    let whole = checkpoint.canonicalize().unwrap_or_else(|_| checkpoint.to_owned());
    whole.file_name().map_or_else(|| "glim".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Whether a prompt ends within a thought, so that the reply begins there.
pub(crate) fn opens_thought(tokenizer: &Tokenizer, input: &Input) -> bool {
    let last = |token: &str| {
        let id = tokenizer.token_id(token)?;
        input.ids.iter().rposition(|it| *it == id)
    };
    last("<think>") > last("</think>")
}

/// What a token stands for. A vocabulary writes each byte as a character: those of printable ASCII and most of Latin-1 as
/// themselves, the others as those from U+0100 on, in order.
pub(crate) fn token_bytes(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    let Some(token) = tokenizer.token(id) else { return Vec::new() };
    let bytes: Option<Vec<u8>> = token.chars().map(byte).collect();
    // Added tokens are written as they are.
    bytes.unwrap_or_else(|| token.into_bytes())
}

fn byte(character: char) -> Option<u8> {
    let is_itself = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    match u32::from(character) {
        code @ 0..0x100 => u8::try_from(code).ok().filter(is_itself),
        code => (0..=u8::MAX).filter(|byte| !is_itself(byte)).nth(code as usize - 0x100),
    }
}

impl DeviceArguments {
    /// An engine where these say.
    pub fn options(&self) -> EngineOptions {
        let device = match self.device {
            On::Auto => Device::Auto,
            On::Cpu => Device::Cpu,
            On::Cuda(index) => Device::Cuda(index),
        };
        let dtype = match self.dtype {
            Precision::Auto => Dtype::Auto,
            Precision::F32 => Dtype::F32,
            Precision::Bf16 => Dtype::Bf16,
        };
        EngineOptions { device, dtype, ..EngineOptions::default() }
    }
}

impl Serve {
    /// The engine that these ask for.
    pub fn options(&self) -> EngineOptions {
        EngineOptions { max_batch: self.max_batch, queue: self.queue, context: self.context, ..self.device.options() }
    }
}

impl Generate {
    /// The engine that these ask for: one reply at a time.
    pub fn options(&self) -> EngineOptions {
        EngineOptions { max_batch: 1, queue: 1, context: self.context, ..self.device.options() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let mut seen: Vec<u8> = (0..0x180).filter_map(char::from_u32).filter_map(byte).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..=u8::MAX).collect::<Vec<_>>());
        // As the vocabularies of GPT-2 and all its heirs have them.
        let read = ['Ġ', 'Ċ', 'a', 'ÿ', ' '].map(byte);
        assert_eq!(read, [Some(b' '), Some(b'\n'), Some(b'a'), Some(255), None]);
    }
}
