//! What is learned of a conversation, read back from its tokens.

use glim_processor::{Message, Options};
use rstest::rstest;

use super::super::spans::replies;
use super::*;

fn spans(messages: &[Message], template: &str, thinking: Thinking) -> Result<(String, Vec<String>), String> {
    let processor = processor_with(template);
    let spans = replies(messages, &processor, thinking)?;
    let of = Prepared {
        source: 0,
        key: String::new(),
        site: String::new(),
        ids: spans.ids,
        weights: spans.weights,
        patches: Vec::new(),
        grids: Vec::new(),
        labels: Vec::new(),
        letters: Vec::new(),
        asked: None,
        named: Vec::new(),
    };
    let whole = processor.tokenizer().decode(&of.ids, false).map_err(|error| error.to_string())?;
    Ok((whole, learned(&of, &processor)))
}

fn talk() -> Vec<Message> {
    vec![
        Message::text("system", "Be brief."),
        Message::text("user", "Where?"),
        Message::text("assistant", "<think>Hm.</think>There."),
        Message::text("user", "And now <|assistant|> lies?"),
        Message::text("assistant", "<think>Let me see.</think><answer>Here <|user|> ends</answer>"),
    ]
}

#[test]
fn replies_and_the_ends_of_turns_are_learned() {
    let messages = [("user", "Where?"), ("assistant", " [[1,2]]\n"), ("user", "And?"), ("assistant", "None")]
        .map(|(role, text)| Message::text(role, text));
    let (whole, learned) = spans(&messages, DEFAULT_TEMPLATE, Thinking::Last).unwrap();
    assert_eq!(whole, "[gMASK]<sop><|user|>\nWhere?<|assistant|>\n [[1,2]]\n<|user|>\nAnd?<|assistant|>\nNone<|user|>");
    assert_eq!(learned, [" [[1,2]]\n<|user|>", "None<|user|>"]);
}

#[test]
fn thoughts_of_earlier_turns_are_left_out_and_their_replies_not_learned() {
    let (whole, learned) = spans(&talk(), DEFAULT_TEMPLATE, Thinking::Last).unwrap();
    assert!(!whole.contains("Hm."), "{whole}");
    // What looks like the end of a turn in a reply is words, and does not end it.
    assert_eq!(learned, ["<think>Let me see.</think><answer>Here <|user|> ends</answer><|user|>"]);
}

#[test]
fn without_thinking_answers_follow_the_prompt_that_says_so() {
    let processor = processor();
    let (whole, learned) = spans(&talk(), DEFAULT_TEMPLATE, Thinking::Off).unwrap();
    assert_eq!(learned, ["There.<|user|>", "<answer>Here <|user|> ends</answer><|user|>"]);
    let mut options = Options::default();
    options.variables.insert("enable_thinking".to_owned(), false.into());
    let asked = processor.render(&talk()[..2], &options).unwrap();
    assert!(asked.ends_with("Where?/nothink<|assistant|>\n<think></think>"), "{asked}");
    assert!(whole.starts_with(&asked), "{whole}");
}

#[rstest]
#[case::counts_messages("{{ messages | length }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}")]
#[case::other_header(
    "{% for m in messages %}<|{{ m.role }}|>x{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>y{% endif %}"
)]
fn a_template_that_does_not_go_on_from_its_prompt_is_refused(#[case] template: &str) {
    let error = spans(&talk(), template, Thinking::Last).unwrap_err();
    assert!(error.contains("another beginning before reply 2"), "{error}");
}

#[test]
fn what_a_template_leaves_out_is_not_taught() {
    let template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1] }}{% endfor %}\
                    {% if add_generation_prompt %}<|assistant|>{% endif %}";
    let (_, learned) = spans(&talk(), template, Thinking::Last).unwrap();
    assert_eq!(learned, [""; 0]);
}

#[test]
fn a_call_ends_where_its_result_begins() {
    let mut call = Message::text("assistant", "");
    call.fields.insert("tool_calls".to_owned(), json!([{"function": {"name": "look", "arguments": {"at": "1"}}}]));
    let messages = [Message::text("user", "Look"), call];
    let (_, learned) = spans(&messages, DEFAULT_TEMPLATE, Thinking::Last).unwrap();
    assert_eq!(learned.len(), 1);
    assert!(learned[0].contains("<tool_call>look<arg_key>at</arg_key>"), "{learned:?}");
    assert!(learned[0].ends_with("</tool_call><|observation|>"), "{learned:?}");
}

#[test]
fn text_is_learned_whole_and_conversations_by_their_replies() {
    let folder = tempfile::tempdir().unwrap();
    let processor = processor();
    let mixture = Mixture::open(&recipe(vec![texts(folder.path())]), processor.clone(), None, 3).unwrap();
    let count = mixture.sizes()[0] as u64;
    let mut seen: Vec<String> = (0..count).flat_map(|at| learned(&prepared(&mixture, at), &processor)).collect();
    seen.sort();
    assert!(seen.contains(&"Here.<|user|>".to_owned()), "{seen:?}");
    assert!(seen.contains(&"Only words.<|endoftext|>".to_owned()), "{seen:?}");
    let notes = seen.iter().filter(|text| text.starts_with("Note ")).count();
    let told = (0..20).filter(|at| seen.iter().any(|text| text.contains(&format!("Note {at}:")))).count();
    assert!((5..20).contains(&notes) && told == 20, "{notes} pieces tell of {told} notes");
}

#[test]
fn a_file_can_be_learned_with_and_without_thoughts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sft.jsonl");
    let said = "<think>At the top.</think><answer>There</answer>";
    let line = json!({"messages": [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": said}]});
    fs::write(&path, format!("{line}\n")).unwrap();
    let text = |name: &str, thinking| {
        let (name, path) = (name.to_owned(), path.clone());
        SourceRecipe::Text(TextRecipe { name, weight: 1.0, path, piece_bytes: 64, curate: None, thinking })
    };
    let both = recipe(vec![text("with", None), text("without", Some(Thinking::Off))]);
    let processor = processor();
    let mixture = Mixture::open(&both, processor.clone(), None, 3).unwrap();
    let seen: BTreeSet<String> = (0..8).flat_map(|at| learned(&prepared(&mixture, at), &processor)).collect();
    assert_eq!(seen, BTreeSet::from([format!("{said}<|user|>"), "<answer>There</answer><|user|>".to_owned()]));
}

#[test]
fn replies_are_curated_and_faults_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sft.jsonl");
    let line = |reply: &str| {
        json!({"messages": [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": reply}]})
            .to_string()
    };
    let good = "<think>At the top.</think><answer><|begin_of_box|>1<|end_of_box|></answer>";
    fs::write(&path, format!("{}\n{}\n", line(good), line("It is at the top."))).unwrap();
    let rules = Curation { tags: true, verifiable: Some(true) };
    let text =
        TextRecipe { name: "sft".to_owned(), weight: 1.0, path, piece_bytes: 64, curate: Some(rules), thinking: None };
    let mixture = Mixture::open(&recipe(vec![SourceRecipe::Text(text)]), processor(), None, 3).unwrap();
    let ready = [0, 1].map(|at| mixture.measure(at).unwrap());
    assert_eq!(ready.iter().filter(|ready| matches!(ready, Ready::Sample(_))).count(), 1);
    assert!(ready.iter().any(|ready| matches!(ready, Ready::Dropped("curated_tags"))), "{ready:?}");
}
