//! Judges behind a server on loopback that fails in every way that servers do.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Response;
use axum::routing::post;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::config::JudgeSettings;

/// What the server does with one request.
#[derive(Clone)]
enum Turn {
    Say(u16, String),
    /// Asks to be left alone for a while.
    Limit(&'static str),
    /// Answers after so long.
    Slow(Duration, String),
    /// Begins to answer and breaks off.
    Drop,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Value>>>,
}

type Shared = (Arc<Mutex<VecDeque<Turn>>>, Arc<Mutex<Vec<Value>>>);

impl Server {
    /// Takes its turns in order, then says `right`.
    async fn start(turns: impl IntoIterator<Item = Turn>) -> Server {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let state: Shared = (Arc::new(Mutex::new(turns.into_iter().collect())), Arc::clone(&seen));
        let app = Router::new().route("/v1/chat/completions", post(answer)).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Server { url, seen }
    }

    fn requests(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    fn settings(&self) -> JudgeSettings {
        let (model, url) = ("glm".to_owned(), self.url.clone());
        JudgeSettings { model, url, timeout_s: 1, tries: 2, concurrency: 4, ..JudgeSettings::default() }
    }

    fn judge(&self, change: impl FnOnce(&mut JudgeSettings), cache: Option<Arc<Cache>>) -> Arc<Judge> {
        let mut settings = self.settings();
        change(&mut settings);
        Arc::new(Judge::new("glm", &settings, cache).unwrap())
    }
}

async fn answer(State((turns, seen)): State<Shared>, body: Bytes) -> Response<Body> {
    seen.lock().unwrap().push(serde_json::from_slice(&body).expect("a request is JSON"));
    let turn = turns.lock().unwrap().pop_front();
    let say = |status: u16, body: String| Response::builder().status(status).body(Body::from(body)).unwrap();
    match turn.unwrap_or_else(|| good(RIGHT)) {
        Turn::Say(status, body) => say(status, body),
        Turn::Limit(pause_ms) => {
            let response = Response::builder().status(429).header("retry-after-ms", pause_ms);
            response.body(Body::from(r#"{"error": {"message": "slow down", "type": "rate_limit"}}"#)).unwrap()
        }
        Turn::Slow(pause, body) => {
            tokio::time::sleep(pause).await;
            say(200, body)
        }
        Turn::Drop => {
            let chunks = [Ok(Bytes::from_static(b"{\"choices\":")), Err(std::io::Error::other("gone"))];
            Response::new(Body::from_stream(futures::stream::iter(chunks)))
        }
    }
}

const RIGHT: &str = r#"{"reason": "the same", "verdict": "right"}"#;
const WRONG: &str = r#"{"reason": "another", "verdict": "wrong"}"#;

fn completion(text: &str) -> String {
    let message = json!({"role": "assistant", "content": text});
    json!({
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
    })
    .to_string()
}

fn good(text: &str) -> Turn {
    Turn::Say(200, completion(text))
}

fn question(answer: &str) -> Question<'_> {
    Question { verifier: "math", question: "2 + 3?", truth: "5", answer, image: None, scale: Scale::Binary }
}

async fn decide(judge: &Arc<Judge>, question: &Question<'_>) -> Option<f64> {
    match Panel::new(vec![Arc::clone(judge)]).decide(question).await {
        Ruling::Score { score, .. } => Some(score),
        Ruling::NoVerdict { .. } => None,
    }
}

#[tokio::test]
async fn a_server_that_takes_no_form_is_asked_without() {
    let refusal = r#"{"error": {"message": "This response_format type is unavailable now"}}"#;
    let server =
        Server::start([Turn::Say(400, refusal.to_owned()), good(RIGHT), good("It is right."), good(WRONG)]).await;
    let judge = server.judge(|_| {}, None);
    let mut verdicts = Vec::new();
    for answer in ["five", "5.0", "6"] {
        verdicts.push(decide(&judge, &question(answer)).await);
    }
    // Words that are not the object are no verdict, with a demanded form or without.
    assert_eq!(verdicts, [Some(1.0), None, Some(0.0)]);
    let demanded: Vec<_> = server.requests().iter().map(|request| request.get("response_format").is_some()).collect();
    assert_eq!(demanded, [true, false, false, false]);
}

#[tokio::test]
async fn a_request_demands_the_form_and_shows_the_picture() {
    let server = Server::start([good(RIGHT)]).await;
    let judge = server.judge(|_| {}, None);
    let image: Arc<[u8]> = Arc::from(&b"\x89PNG\r\n\x1a\n"[..]);
    let ruling = decide(&judge, &Question { image: Some(image), ..question("five") }).await;
    assert_eq!(ruling, Some(1.0));
    let request = &server.requests()[0];
    assert_eq!(request["model"], "glm");
    assert_eq!(request["response_format"]["json_schema"]["strict"], true);
    let verdicts = &request["response_format"]["json_schema"]["schema"]["properties"]["verdict"]["enum"];
    assert_eq!(verdicts, &json!(["right", "wrong", "unsure"]));
    let parts = request["messages"][0]["content"].as_array().unwrap();
    assert!(parts[0]["text"].as_str().unwrap().contains("five"));
    assert_eq!(parts[1]["image_url"]["url"], "data:image/png;base64,iVBORw0KGgo=");
    let cost = judge.cost();
    assert_eq!((cost.replies, cost.prompt_tokens, cost.completion_tokens, cost.failed), (1, 100, 7, 0));
}

#[rstest]
#[case::right(good(RIGHT), Some(1.0), 1)]
#[case::wrong(good(WRONG), Some(0.0), 1)]
#[case::thought_first(
    good("<think>Is it \"wrong\"?</think>\n{\"reason\": \"r\", \"verdict\": \"right\"}"),
    Some(1.0),
    1
)]
#[case::limited(Turn::Limit("5"), Some(1.0), 2)]
#[case::limited_for_too_long(Turn::Limit("600000"), None, 1)]
#[case::broken(Turn::Say(500, "oops".to_owned()), Some(1.0), 2)]
#[case::gone(Turn::Drop, Some(1.0), 2)]
#[case::slow(Turn::Slow(Duration::from_secs(30), String::new()), Some(1.0), 2)]
#[case::half_of_the_body(Turn::Say(200, completion(RIGHT)[..40].to_owned()), Some(1.0), 2)]
#[case::page(Turn::Say(200, "<html>welcome</html>".to_owned()), Some(1.0), 2)]
#[case::half_of_the_object(good(&RIGHT[..20]), None, 1)]
#[case::prose(good("The answer is right."), None, 1)]
#[case::number(good("1.0"), None, 1)]
#[case::other_object(good(r#"{"score": 1.0}"#), None, 1)]
#[case::unsure(good(r#"{"reason": "blank", "verdict": "unsure"}"#), None, 1)]
#[case::nothing(Turn::Say(200, r#"{"choices": []}"#.to_owned()), None, 1)]
#[case::null(Turn::Say(200, r#"{"choices": [{"message": {"content": null}}]}"#.to_owned()), None, 1)]
#[case::refused(Turn::Say(400, r#"{"error": {"message": "no pictures"}}"#.to_owned()), None, 1)]
#[case::key_refused(Turn::Say(401, String::new()), None, 1)]
#[tokio::test]
async fn one_turn(#[case] turn: Turn, #[case] expected: Option<f64>, #[case] requests: usize) {
    let server = Server::start([turn]).await;
    let judge = server.judge(|_| {}, None);
    assert_eq!(decide(&judge, &question("five")).await, expected);
    assert_eq!(server.requests().len(), requests);
    assert_eq!(judge.cost().failed, u64::from(expected.is_none()));
    assert_eq!(judge.cost().retries, requests as u64 - 1);
}

#[tokio::test]
async fn tries_are_bounded() {
    let server = Server::start(vec![Turn::Say(503, String::new()); 9]).await;
    let judge = server.judge(|settings| settings.tries = 3, None);
    assert_eq!(decide(&judge, &question("five")).await, None);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn nobody_there_is_no_verdict() {
    let judge = Server { url: "http://127.0.0.1:9/v1".to_owned(), seen: Arc::default() }.judge(|_| {}, None);
    let Ruling::NoVerdict { reason } = Panel::new(vec![judge]).decide(&question("five")).await else { panic!() };
    assert!(reason.contains("could not be reached in 2 tries"), "{reason}");
}

#[tokio::test]
async fn samples_of_a_judge_vote_with_seeds_of_their_own() {
    let server = Server::start([good(RIGHT), good(WRONG), good("what?")]).await;
    let three = |settings: &mut JudgeSettings| (settings.samples, settings.temperature) = (3, 0.7);
    let judge = server.judge(three, None);
    assert_eq!(decide(&judge, &question("five")).await, None, "one against one");
    assert_eq!(decide(&judge, &question("5.0")).await, Some(1.0));
    let mut seeds: Vec<_> = server.requests()[..3].iter().map(|request| request["seed"].clone()).collect();
    seeds.sort_by_key(|seed| seed.as_u64());
    assert_eq!(seeds, [json!(0), json!(1), json!(2)]);
    assert_eq!(server.requests()[0]["temperature"], 0.7);
}

#[tokio::test]
async fn several_judges_are_a_panel() {
    let (left, middle, right) = (
        Server::start([good(RIGHT)]).await,
        Server::start([good(WRONG)]).await,
        Server::start([good(WRONG), good(WRONG)]).await,
    );
    let panel = [&left, &middle, &right].map(|server| server.judge(|_| {}, None));
    let ruling = Panel::new(panel.to_vec()).decide(&question("five")).await;
    assert_eq!(ruling, Ruling::Score { score: 0.0, reason: "2 of 3 votes: another".to_owned() });
}

#[tokio::test]
async fn a_graded_question_asks_for_a_score() {
    let server = Server::start([good(r#"{"reason": "the city", "score": 0.5}"#), good(RIGHT)]).await;
    let judge = server.judge(|_| {}, None);
    let graded = |answer| Question { scale: Scale::Graded, verifier: "geoquest", ..question(answer) };
    assert_eq!(decide(&judge, &graded("Paris")).await, Some(0.5));
    assert_eq!(decide(&judge, &graded("Lyon")).await, None, "a verdict is no score");
    let schema = &server.requests()[0]["response_format"]["json_schema"]["schema"];
    assert_eq!(schema["required"], json!(["reason", "score"]));
    assert!(server.requests()[0]["messages"][0]["content"][0]["text"].as_str().unwrap().contains("province"));
}

#[tokio::test]
async fn a_verdict_is_paid_for_once_and_none_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = || Some(Arc::new(Cache::open(folder.path()).unwrap()));
    let server = Server::start([good("what?"), good(WRONG)]).await;
    let judge = server.judge(|_| {}, cache());
    assert_eq!(decide(&judge, &question("six")).await, None);
    assert_eq!(decide(&judge, &question("six")).await, Some(0.0));
    assert_eq!(decide(&judge, &question("six")).await, Some(0.0));
    assert_eq!(server.requests().len(), 2);
    // Another process, later.
    let judge = server.judge(|_| {}, cache());
    assert_eq!(decide(&judge, &question("six")).await, Some(0.0));
    assert_eq!(decide(&judge, &question("five")).await, Some(1.0));
    assert_eq!(server.requests().len(), 3);
    assert_eq!((judge.cost().cached, judge.cost().replies), (1, 1));
}

#[tokio::test]
async fn the_same_question_at_the_same_time_is_asked_once() {
    let server = Server::start([Turn::Slow(Duration::from_millis(100), completion(WRONG))]).await;
    let judge = server.judge(|_| {}, None);
    let rulings = join_all((0..16).map(|_| async { decide(&judge, &question("six")).await })).await;
    assert_eq!(rulings, [Some(0.0); 16]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn requests_in_flight_are_bounded() {
    let slow = Turn::Slow(Duration::from_millis(100), completion(RIGHT));
    let server = Server::start(vec![slow; 8]).await;
    let judge = server.judge(|settings| settings.concurrency = 2, None);
    let answers: Vec<_> = (0..8).map(|number| format!("{number}")).collect();
    let begun = Instant::now();
    join_all(answers.iter().map(|answer| async { decide(&judge, &question(answer)).await })).await;
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
}
