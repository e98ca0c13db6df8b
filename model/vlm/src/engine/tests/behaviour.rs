//! Queue, refusals, cancellation, memory, and what happens when something breaks.

use std::time::Duration;

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("it hangs")
}

fn faulty(panics_after: usize, spoilt: Option<usize>) -> Engine {
    let build = move || {
        let (loaded, facts, plan) = built(2);
        Ok((Faulty { loaded, panics_after, spoilt }, facts, plan))
    };
    Engine::spawn(PROCESSOR.clone(), 4, build).unwrap()
}

#[tokio::test]
async fn a_full_queue_is_busy_and_waiting_callers_get_in() {
    let engine = engine(1, 1);
    let prompt = input("I click", &[]);
    let endless = endless(&engine).await;
    let running = engine.submit(endless).await.unwrap();
    until(&engine, |metrics| metrics.running == 1).await;
    let queued = engine.try_submit(request(&prompt, 1, 2)).unwrap();
    assert_eq!(engine.try_submit(request(&prompt, 1, 2)).unwrap_err(), EngineError::Busy);
    assert_eq!(engine.metrics().queued, 1);
    let other = engine.clone();
    let late = request(&prompt, 2, 2);
    let waiting = tokio::spawn(async move { other.submit(late).await.unwrap().collect().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    // One that leaves the queue gives its place to the one that waits, and one that leaves the batch its row.
    drop(queued);
    drop(running);
    assert_eq!(within(waiting).await.unwrap().unwrap().tokens.len(), 2);
}

#[tokio::test]
async fn cancelling_frees_the_row_and_its_memory() {
    let engine = engine(1, 4);
    let first = until(&engine, |metrics| metrics.kv_bytes > 0).await;
    let endless = endless(&engine).await;
    let idle = until(&engine, |metrics| metrics.kv_bytes == first.kv_bytes).await;
    let mut running = engine.submit(endless).await.unwrap();
    while engine.metrics().kv_tokens < 300 {
        running.next().await.unwrap().unwrap();
    }
    assert!(engine.metrics().kv_bytes > idle.kv_bytes, "300 tokens need more room than there is at first");
    drop(running);
    let after = until(&engine, |metrics| metrics.running == 0 && metrics.kv_bytes == first.kv_bytes).await;
    assert_eq!(after.kv_tokens, 0);
    assert!(after.completion_tokens < idle.completion_tokens + 900);
}

#[tokio::test]
async fn a_reader_that_does_not_read_stops_nobody() {
    let engine = engine(2, 4);
    let prompt = input("I click", &[]);
    let seed = long_seed(&engine, &prompt, 50).await;
    let slow = engine.submit(request(&prompt, seed, 50)).await.unwrap();
    let quick = within(engine.submit(request(&prompt, seed, 50)).await.unwrap().collect()).await.unwrap();
    assert_eq!(within(slow.collect()).await.unwrap().tokens, quick.tokens);
}

#[tokio::test]
async fn what_cannot_be_served_is_told_at_once() {
    let engine = engine(1, 4);
    let prompt = input("I click", &[picture(4, 4, 1)]);
    let good = request(&prompt, 0, 5);
    let refuse = |request: Request| engine.try_submit(request).unwrap_err();
    let with = |change: &dyn Fn(&mut Input)| {
        let mut input = (*prompt).clone();
        change(&mut input);
        Request { input: Arc::new(input), ..good.clone() }
    };
    let sampling = |sampling: Sampling| Request { sampling, ..good.clone() };
    assert_eq!(refuse(with(&|input| input.ids = vec![5; 1024])), EngineError::TooLong { prompt: 1024, context: 1024 });
    for (request, said) in [
        (with(&|input| input.ids.push(9999)), "token id 9999"),
        (with(&|input| input.ids.clear()), "image tokens"),
        (with(&|input| (input.ids, input.images) = (Vec::new(), Vec::new())), "empty"),
        (with(&|input| input.images.clear()), "image tokens of its 0 images"),
        (with(&|input| input.images.push(picture(2, 2, 5))), "tokens of its 2 images"),
        (with(&|input| input.images = vec![picture(4, 6, 5)]), "placeholders"),
        (Request { max_tokens: 0, ..good.clone() }, "max_tokens"),
        (Request { top_logprobs: 5000, ..good.clone() }, "top_logprobs"),
        (sampling(Sampling { temperature: -1.0, ..Sampling::default() }), "temperature"),
        (sampling(Sampling { temperature: f32::NAN, ..Sampling::default() }), "temperature"),
        (sampling(Sampling { top_p: 0.0, ..Sampling::default() }), "top_p"),
        (sampling(Sampling { top_p: 1.5, ..Sampling::default() }), "top_p"),
    ] {
        let error = refuse(request);
        assert!(matches!(&error, EngineError::Invalid { reason } if reason.contains(said)), "{said}: {error}");
    }
    assert_eq!(within(engine.submit(good).await.unwrap().collect()).await.unwrap().tokens.len(), 5);
}

#[tokio::test]
async fn a_row_without_probabilities_ends_for_itself_alone() {
    let prompts = [input("I click", &[]), input("the page opens and", &[])];
    let healthy = engine(2, 4);
    let seed = long_seed(&healthy, &prompts[1], 30).await;
    let expected = healthy.submit(request(&prompts[1], seed, 30)).await.unwrap().collect().await.unwrap();
    let engine = faulty(usize::MAX, Some(0));
    let spoilt = engine.submit(request(&prompts[0], 3, 30)).await.unwrap();
    until(&engine, |metrics| metrics.prompt_tokens > 0).await;
    let sound = engine.submit(request(&prompts[1], seed, 30)).await.unwrap();
    let error = within(spoilt.collect()).await.unwrap_err();
    assert_eq!(error, EngineError::NotFinite { position: prompts[0].ids.len() + 1 });
    // A row that was never used is taken before one that was, so the second request has the other.
    assert_eq!(ids(&within(sound.collect()).await.unwrap()), ids(&expected));
    assert!(engine.try_submit(request(&prompts[0], 3, 1)).is_ok());
}

#[tokio::test]
async fn a_panic_ends_everything_and_hangs_nobody() {
    let engine = faulty(3, None);
    let prompt = input("I click", &[]);
    let mut generations = Vec::new();
    for seed in 0..5 {
        generations.push(engine.submit(request(&prompt, seed, 900)).await.unwrap());
    }
    let other = engine.clone();
    let late = request(&prompt, 9, 2);
    let waiting = tokio::spawn(async move { other.submit(late).await.map(drop) });
    let mut dead = 0;
    for generation in generations {
        match within(generation.collect()).await {
            Err(EngineError::Dead { reason }) => {
                assert_eq!(reason, "the model broke");
                dead += 1;
            }
            other => assert!(other.is_ok(), "{other:?}"),
        }
    }
    assert!(dead >= 3);
    // It either got in before the end, or was told.
    let late = within(waiting).await.unwrap();
    assert!(late.is_ok() || matches!(late, Err(EngineError::Dead { .. })));
    let error = engine.try_submit(request(&prompt, 1, 2)).unwrap_err();
    assert_eq!(error, EngineError::Dead { reason: "the model broke".to_owned() });
    assert_eq!(within(engine.submit(request(&prompt, 1, 2))).await.unwrap_err(), error);
}

#[tokio::test]
async fn replies_are_written_to_their_end_after_the_last_handle_is_gone() {
    let engine = engine(1, 4);
    let prompt = input("I click", &[]);
    let seed = long_seed(&engine, &prompt, 40).await;
    let replies = [0, 1].map(|_| engine.try_submit(request(&prompt, seed, 40)).unwrap());
    drop(engine);
    for reply in replies {
        assert_eq!(within(reply.collect()).await.unwrap().tokens.len(), 40);
    }
}

#[test]
fn a_model_that_cannot_be_built_says_why() {
    let fail = |build: fn() -> Result<Built<Loaded>, String>| Engine::spawn(PROCESSOR.clone(), 1, build).unwrap_err();
    assert_eq!(fail(|| Err("no such file".to_owned())), "no such file");
    assert_eq!(fail(|| panic!("a shape is wrong")), "a shape is wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_served_from_its_folder() {
    let options = EngineOptions { device: super::super::Device::Cpu, context: Some(512), ..EngineOptions::default() };
    let started = tokio::task::block_in_place(|| Engine::start(CHECKPOINT.path(), options.clone()));
    let engine = started.unwrap();
    assert_eq!(engine.context(), 512);
    let prompt = input("What is on the page?", &[picture(4, 4, 1)]);
    let reply = within(engine.submit(request(&prompt, 3, 12)).await.unwrap().collect()).await.unwrap();
    let expected = super::engine(1, 4).submit(request(&prompt, 3, 12)).await.unwrap().collect().await.unwrap();
    assert_eq!(ids(&reply), ids(&expected));
    let empty = tempfile::tempdir().unwrap();
    PROCESSOR.tokenizer().save(empty.path()).unwrap();
    std::fs::copy(CHECKPOINT.path().join("config.json"), empty.path().join("config.json")).unwrap();
    let error = tokio::task::block_in_place(|| Engine::start(empty.path(), options)).unwrap_err();
    assert!(matches!(&error, EngineError::Start { .. }) && error.to_string().contains("safetensors"), "{error}");
}
