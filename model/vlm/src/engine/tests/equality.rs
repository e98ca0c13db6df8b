//! Replies do not depend on the cache, on parts, on the batch or on who comes and goes.

use super::*;
use crate::Packed;
use crate::trace::Trace;

/// Prompts of many lengths, with none to two pictures.
fn prompts() -> Vec<Arc<Input>> {
    vec![
        input("I click", &[]),
        input(&"The page opens, and the search box is in the middle. ".repeat(3), &[]),
        input("What is on the page?", &[picture(4, 4, 1)]),
        input("Two of them:", &[picture(2, 8, 2), picture(6, 4, 3)]),
        input(&"and the page ".repeat(9), &[picture(4, 4, 1)]),
        input("点", &[picture(8, 8, 4)]),
    ]
}

/// Log-probabilities of all tokens after each token of `ids`, without a cache.
fn uncached(model: &Model, input: &Input, ids: &[u32]) -> Tensor {
    let grids: Vec<Grid> = input.images.iter().map(|picture| picture.grid).collect();
    let positions = [model.positions(ids, &grids, &[]).unwrap()];
    let pixels: Vec<f32> = input.images.iter().flat_map(|picture| picture.pixels.iter().copied()).collect();
    let pixels = (!pixels.is_empty()).then(|| Tensor::from_slice(&pixels).view([-1, 1176]));
    let packed = Packed { ids, positions: &positions, pixels: pixels.as_ref(), grids: &grids };
    let hidden = model.forward(&packed, 0, &Trace::off());
    model.logits(&hidden).log_softmax(-1, Kind::Float)
}

async fn all(engine: &Engine, requests: Vec<Request>) -> Vec<Reply> {
    let generations: Vec<Generation> =
        requests.into_iter().map(|request| engine.try_submit(request).unwrap()).collect();
    let mut replies = Vec::new();
    for generation in generations {
        replies.push(generation.collect().await.unwrap());
    }
    replies
}

fn requests() -> Vec<Request> {
    let ways = [(1.0, 0, 1.0), (0.0, 0, 1.0), (0.8, 12, 1.0), (1.2, 0, 0.8), (1.0, 0, 1.0), (0.7, 30, 0.9)];
    let mut requests = Vec::new();
    for (number, (input, (temperature, top_k, top_p))) in prompts().into_iter().zip(ways).enumerate() {
        let sampling = Sampling { temperature, top_k, top_p, seed: 40 + number as u64 };
        requests.push(Request { sampling, top_logprobs: 3, ..request(&input, 0, 20 + number) });
    }
    requests
}

#[tokio::test]
async fn what_the_engine_says_equals_what_the_model_says_without_a_cache() {
    let model = model();
    let replies = all(&engine(4, 64), requests()).await;
    for (request, reply) in requests().iter().zip(&replies) {
        let prompt = request.input.ids.len();
        assert_eq!((reply.finish.prompt_tokens, reply.finish.completion_tokens), (prompt, reply.tokens.len()));
        let whole = [request.input.ids.clone(), ids(reply)].concat();
        let logprobs = uncached(&model, &request.input, &whole);
        for (number, token) in reply.tokens.iter().enumerate() {
            let row = logprobs.get((prompt + number) as i64 - 1);
            for (id, logprob) in token.top.iter().copied().chain([(token.id, token.logprob)]) {
                let expected = row.double_value(&[i64::from(id)]);
                let off = (f64::from(logprob) - expected).abs();
                assert!(off < 1e-4, "token {number} of {prompt} is {off} off");
            }
            let best = row.argmax(-1, false).int64_value(&[]);
            assert_eq!(i64::from(token.top[0].0), best);
            assert!(request.sampling.temperature > 0.0 || i64::from(token.id) == best);
        }
    }
}

#[tokio::test]
async fn replies_are_the_same_alone_and_among_others() {
    let alone = engine(1, 64);
    let mut expected = Vec::new();
    for request in requests() {
        expected.push(alone.submit(request).await.unwrap().collect().await.unwrap());
    }
    for slots in [2, 6] {
        let replies = all(&engine(slots, 64), requests()).await;
        for (expected, reply) in expected.iter().zip(&replies) {
            assert_eq!(ids(expected), ids(reply), "with {slots} at once");
            assert_eq!((&expected.text, &expected.finish), (&reply.text, &reply.finish));
        }
    }
}

#[tokio::test]
async fn who_joins_midway_changes_nobodys_tokens() {
    let prompts = prompts();
    let alone = engine(1, 64);
    let seed = long_seed(&alone, &prompts[0], 60).await;
    let expect = async |request| alone.submit(request).await.unwrap().collect().await.unwrap();
    let first = expect(request(&prompts[0], seed, 60)).await;
    let late = expect(request(&prompts[3], 5, 20)).await;

    let engine = engine(4, 64);
    let mut generation = engine.submit(request(&prompts[0], seed, 60)).await.unwrap();
    let mut seen = Vec::new();
    let mut joined = None;
    while let Some(event) = generation.next().await {
        if let Event::Token(token) = event.unwrap() {
            seen.push(token.id);
        }
        if seen.len() == 5 && joined.is_none() {
            joined = Some(engine.try_submit(request(&prompts[3], 5, 20)).unwrap());
        }
    }
    assert_eq!(seen, ids(&first));
    assert_eq!(ids(&joined.unwrap().collect().await.unwrap()), ids(&late));
}

#[tokio::test]
async fn a_group_reads_its_prompt_and_sees_its_picture_once() {
    let input = input(&"and the page ".repeat(4), &[picture(4, 8, 9)]);
    let alone = engine(1, 64);
    let members: Vec<Request> = (0..4).map(|seed| request(&input, seed, 15)).collect();
    let mut expected = Vec::new();
    for member in members.clone() {
        expected.push(ids(&alone.submit(member).await.unwrap().collect().await.unwrap()));
    }
    let engine = engine(4, 64);
    let replies = all(&engine, members).await;
    assert_eq!(replies.iter().map(ids).collect::<Vec<_>>(), expected);
    assert_ne!(expected[0], expected[1], "members with other seeds say other things");
    let metrics = until(&engine, |metrics| metrics.running == 0).await;
    let prompt = input.ids.len() as u64;
    assert_eq!((metrics.feature_misses, metrics.prompt_tokens), (1, 4 * prompt));
    // Each of the others starts behind the last whole part at least, wherever the first was when it came.
    assert!(metrics.reused_tokens >= 3 * (prompt - prompt % 8 - 8), "{metrics:?}");
}

#[tokio::test]
async fn the_next_turn_is_read_from_where_it_differs() {
    let pictures = [picture(4, 8, 11), picture(4, 4, 12)];
    let first = input("and the page opens", &pictures[..1]);
    let mut second = (*first).clone();
    second.ids.extend(&input("I click", &pictures[1..]).ids);
    second.images.push(pictures[1].clone());
    let second = Arc::new(second);
    let fresh = engine(1, 64).submit(request(&second, 3, 20)).await.unwrap().collect().await.unwrap();

    let engine = remembering(2);
    engine.submit(request(&first, 1, 20)).await.unwrap().collect().await.unwrap();
    assert_eq!(engine.metrics().reused_tokens, 0);
    let reply = engine.submit(request(&second, 3, 20)).await.unwrap().collect().await.unwrap();
    assert_eq!((ids(&reply), &reply.finish), (ids(&fresh), &fresh.finish));
    let metrics = until(&engine, |metrics| metrics.running == 0).await;
    assert_eq!(metrics.reused_tokens as usize, first.ids.len() - first.ids.len() % 8);
    assert_eq!((metrics.feature_hits, metrics.feature_misses), (1, 2));
    // The same words about another picture share only what comes before it.
    let mut other = (*second).clone();
    other.images[0] = picture(4, 8, 13);
    let other = Arc::new(other);
    let fresh = super::engine(1, 64).submit(request(&other, 3, 20)).await.unwrap().collect().await.unwrap();
    let reply = engine.submit(request(&other, 3, 20)).await.unwrap().collect().await.unwrap();
    assert_eq!(ids(&reply), ids(&fresh));
}
