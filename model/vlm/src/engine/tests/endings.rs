//! How replies end, and how they are made to answer.

use super::*;

async fn reply(engine: &Engine, request: Request) -> Reply {
    engine.submit(request).await.unwrap().collect().await.unwrap()
}

#[tokio::test]
async fn a_reply_is_as_long_as_it_may_be() {
    let engine = engine(2, 8);
    let input = input("I click", &[]);
    let seed = long_seed(&engine, &input, 30).await;
    let whole = reply(&engine, request(&input, seed, 30)).await;
    let cut = reply(&engine, request(&input, seed, 12)).await;
    assert_eq!(ids(&cut), ids(&whole)[..12]);
    assert_eq!((cut.finish.reason, cut.finish.completion_tokens), (Reason::Length, 12));
    assert_eq!(cut.text, PROCESSOR.tokenizer().decode(&ids(&cut), false).unwrap());
}

#[tokio::test]
async fn the_context_ends_a_reply() {
    let engine = engine(1, 8);
    let prompt = Arc::new(Input { ids: vec![5; 1000], ..Input::default() });
    let seed = long_seed(&engine, &prompt, 24).await;
    let reply = reply(&engine, request(&prompt, seed, 5000)).await;
    assert_eq!((reply.finish.reason, reply.finish.completion_tokens), (Reason::Length, 24));
}

#[tokio::test]
async fn the_token_that_ends_a_reply_is_told_and_is_no_text() {
    let engine = engine(4, 64);
    let input = input("I click", &[]);
    let ends = PROCESSOR.tokenizer().eos();
    for seed in 0..50 {
        let reply = reply(&engine, request(&input, seed, 400)).await;
        if reply.finish.reason != Reason::Stop {
            continue;
        }
        let (last, before) = reply.tokens.split_last().unwrap();
        assert!(ends.contains(&last.id) && last.text.is_empty());
        assert!(before.iter().all(|token| !ends.contains(&token.id)));
        let before: Vec<u32> = before.iter().map(|token| token.id).collect();
        assert_eq!(reply.text, PROCESSOR.tokenizer().decode(&before, false).unwrap());
        return;
    }
    panic!("no reply of 50 ended by itself");
}

#[tokio::test]
async fn a_stop_text_across_tokens_ends_a_reply() {
    let engine = engine(2, 8);
    let input = input("The page", &[]);
    let seed = long_seed(&engine, &input, 40).await;
    let whole = reply(&engine, request(&input, seed, 40)).await;
    let characters: Vec<char> = whole.text.chars().collect();
    let stop: String = characters[12..18].iter().collect();
    let before = whole.text.find(&stop).unwrap();
    let stopped =
        reply(&engine, Request { stop: vec!["nowhere".into(), stop.clone()], ..request(&input, seed, 40) }).await;
    assert_eq!((stopped.finish.reason, stopped.text.as_str()), (Reason::Stop, &whole.text[..before]));
    let tokens = stopped.tokens.len();
    assert_eq!(ids(&stopped), ids(&whole)[..tokens]);
    let decoded = PROCESSOR.tokenizer().decode(&ids(&stopped), false).unwrap();
    assert!(decoded.contains(&stop), "it ends with the token that completes the stop text");
    // What only begins a stop text is given out at the end.
    let begins = format!("{}nowhere", characters.last().unwrap());
    let kept = reply(&engine, Request { stop: vec![begins], ..request(&input, seed, 40) }).await;
    assert_eq!((kept.text, kept.finish.reason), (whole.text, Reason::Length));
}

#[tokio::test]
async fn a_reply_that_goes_in_circles_is_ended() {
    let engine = engine(1, 8);
    let input = input("the page", &[]);
    let sampling = Sampling { temperature: 1.0, top_k: 1, ..Sampling::default() };
    let round = Request { sampling, repetition_window: 3, ..request(&input, 0, 900) };
    let ended = reply(&engine, round.clone()).await;
    assert_eq!(ended.finish.reason, Reason::Repetition, "{:?}", ended.text);
    let free = reply(&engine, Request { repetition_window: 0, ..round }).await;
    assert!(free.text.starts_with(&ended.text) && free.tokens.len() > ended.tokens.len());
}

#[tokio::test]
async fn a_used_up_budget_of_thinking_forces_the_answer() {
    let engine = engine(2, 8);
    let tokenizer = PROCESSOR.tokenizer();
    let mut prompt = (*input("I click", &[])).clone();
    prompt.ids.extend(tokenizer.encode("<think>").unwrap());
    let prompt = Arc::new(prompt);
    let inserted = ["</think>", "<answer>"].map(|token| tokenizer.token_id(token).unwrap());
    let (mut seed, mut free) = (0, Vec::new());
    while free.len() < 20 || free[..6].iter().any(|id| inserted.contains(id)) {
        seed += 1;
        free = ids(&reply(&engine, request(&prompt, seed, 20)).await);
    }
    let forced = Request { thinking_budget: Some(6), top_logprobs: 2, ..request(&prompt, seed, 20) };
    let reply = reply(&engine, forced.clone()).await;
    assert_eq!(ids(&reply)[..6], free[..6]);
    let marked: Vec<usize> = (0..reply.tokens.len()).filter(|&n| reply.tokens[n].forced).collect();
    assert_eq!(marked, [6, 7]);
    assert_eq!(ids(&reply)[6..8], inserted);
    assert!(reply.text.contains("</think><answer>"));
    // They were run through the model: what follows is what follows the same words in a prompt.
    let mut told = (*prompt).clone();
    told.ids.extend(&ids(&reply)[..8]);
    let continued = Request {
        sampling: Sampling { temperature: 0.0, ..Sampling::default() },
        top_logprobs: 2,
        ..request(&Arc::new(told), 0, 1)
    };
    let continued = super::endings::reply(&engine, continued).await;
    let (a, b) = (&reply.tokens[8].top, &continued.tokens[0].top);
    assert!(a.iter().zip(b).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-4), "{a:?} {b:?}");
    // The length holds over all, even between the two.
    let short = super::endings::reply(&engine, Request { max_tokens: 7, ..forced }).await;
    assert_eq!((short.finish.reason, short.tokens.len()), (Reason::Length, 7));
    assert!(short.tokens[6].forced);
}
