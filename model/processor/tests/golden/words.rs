//! The tokenizer, trained and read.

use std::path::Path;

use glim_processor::{SPECIAL_TOKENS, Tokenizer, Training};
use serde::Deserialize;

use crate::{golden, read};

fn corpus() -> String {
    std::fs::read_to_string(golden("corpus.txt")).unwrap()
}

const TRAINING: Training = Training { vocabulary: 700, min_frequency: 2, single_digits: false };

fn file(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn training_is_the_librarys_to_the_byte() {
    let dir = tempfile::tempdir().unwrap();
    TRAINING.train([corpus()]).unwrap().save(dir.path()).unwrap();
    for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"] {
        assert!(file(dir.path(), name) == file(&golden("tokenizer"), name), "{name} differs");
    }
}

#[test]
fn training_hangs_neither_on_threads_nor_on_the_order_of_texts() {
    let lines: Vec<String> = corpus().split_inclusive("\n\n").map(str::to_owned).collect();
    let vocabulary = |texts: Vec<String>| {
        let dir = tempfile::tempdir().unwrap();
        TRAINING.train(texts).unwrap().save(dir.path()).unwrap();
        file(dir.path(), "tokenizer.json")
    };
    let many = (0..3000).map(|at| lines[at % lines.len()].clone());
    let (forth, back) = (vocabulary(many.clone().collect()), vocabulary(many.rev().collect()));
    assert!(forth == back, "the vocabularies differ");
}

#[test]
fn a_vocabulary_without_room_is_refused() {
    let error = Training { vocabulary: 100, min_frequency: 2, single_digits: false }.train([corpus()]).unwrap_err();
    assert_eq!(error.to_string(), "tokenizer: a vocabulary of 100 is too small, 287 is the least");
    let small = Training { vocabulary: 287, min_frequency: 2, single_digits: false }.train([corpus()]).unwrap();
    assert_eq!(small.vocabulary(), 287);
    assert_eq!(small.decode(&small.encode("🦀 é").unwrap(), false).unwrap(), "🦀 é");
}

#[derive(Deserialize)]
struct Ids {
    text: String,
    ids: Vec<u32>,
    plain: String,
}

#[test]
fn ids_are_equal() {
    let tokenizer = Tokenizer::open(&golden("tokenizer")).unwrap();
    let rows: Vec<Ids> = read(&golden("ids.json"));
    assert_eq!(rows.len(), 12);
    for row in rows {
        assert_eq!(tokenizer.encode(&row.text).unwrap(), row.ids, "{:?}", row.text);
        assert_eq!(tokenizer.decode(&row.ids, false).unwrap(), row.text);
        assert_eq!(tokenizer.decode(&row.ids, true).unwrap(), row.plain);
        for skip_special in [false, true] {
            let mut stream = tokenizer.stream(skip_special);
            let mut streamed: String = row.ids.iter().map(|&id| stream.push(id)).collect();
            streamed.push_str(&stream.finish());
            assert_eq!(streamed, tokenizer.decode(&row.ids, skip_special).unwrap());
        }
    }
}

#[test]
fn any_ids_stream_to_their_decoding() {
    let tokenizer = Tokenizer::open(&golden("tokenizer")).unwrap();
    let mut state = 1u32;
    for _ in 0..200 {
        let ids: Vec<u32> = (0..40)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Past the end of the vocabulary too: rows of an embedding that are no token.
                (state >> 8) % 800
            })
            .collect();
        let mut stream = tokenizer.stream(false);
        let mut streamed: String = ids.iter().map(|&id| stream.push(id)).collect();
        streamed.push_str(&stream.finish());
        assert_eq!(streamed, tokenizer.decode(&ids, false).unwrap(), "{ids:?}");
    }
}

#[test]
fn special_tokens_have_ids_in_glms_order() {
    let tokenizer = Tokenizer::open(&golden("tokenizer")).unwrap();
    let first = tokenizer.require("<|endoftext|>", "to end").unwrap();
    for (at, (token, special)) in (first..).zip(SPECIAL_TOKENS) {
        assert_eq!(tokenizer.token_id(token), Some(at));
        assert_eq!(tokenizer.is_special(at), special);
    }
    assert_eq!(tokenizer.vocabulary() as u32, first + SPECIAL_TOKENS.len() as u32);
    assert_eq!(tokenizer.eos(), [first, first + 7, first + 9]);
    let error = tokenizer.require("<|camera|>", "for films").unwrap_err();
    assert_eq!(error.to_string(), "the tokenizer has no token `<|camera|>`, needed for films");
}

#[test]
fn ends_are_read_from_one_id_or_many() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(golden("tokenizer/tokenizer.json"), dir.path().join("tokenizer.json")).unwrap();
    let eos = || Tokenizer::open(dir.path()).map(|tokenizer| tokenizer.eos().to_vec());
    assert!(eos().unwrap().is_empty());
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("config.json", r#"{"text_config": {"eos_token_id": [1, 2]}}"#);
    assert_eq!(eos().unwrap(), [1, 2]);
    write("generation_config.json", r#"{"eos_token_id": 7}"#);
    assert_eq!(eos().unwrap(), [7]);
    write("generation_config.json", r#"{"eos_token_id": "end"}"#);
    assert!(eos().unwrap_err().to_string().ends_with("eos_token_id is \"end\", no token id"));
}

#[test]
fn a_broken_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = Tokenizer::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("tokenizer.json"), "{error}");
    std::fs::write(dir.path().join("tokenizer.json"), "{").unwrap();
    let error = Tokenizer::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("tokenizer.json"), "{error}");
}
