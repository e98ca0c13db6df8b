//! The client against a server on loopback that fails in every way that servers do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use glim_env::Seed;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "sk-very-secret";

/// What the server does with one request.
enum Turn {
    Say(u16, &'static [(&'static str, &'static str)], String),
    /// Never answers in time.
    Sleep,
    /// Begins to answer and breaks off.
    Drop,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

type Shared = (Arc<Mutex<VecDeque<Turn>>>, Arc<Mutex<Vec<(HeaderMap, Value)>>>);

/// Serves the turns in order, then good replies.
async fn serve(turns: impl IntoIterator<Item = Turn>) -> Server {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let state: Shared = (Arc::new(Mutex::new(turns.into_iter().collect())), Arc::clone(&seen));
    let app = Router::new().route("/v1/chat/completions", post(answer)).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { url, seen }
}

async fn answer(State((turns, seen)): State<Shared>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    seen.lock()
        .expect("no test panics here")
        .push((headers, serde_json::from_slice(&body).expect("a request is JSON")));
    let turn = turns.lock().expect("no test panics here").pop_front();
    match turn.unwrap_or_else(|| good("Click [3]")) {
        Turn::Say(status, headers, body) => {
            let response = Response::builder().status(status);
            let response = headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
            response.body(Body::from(body)).expect("a response")
        }
        Turn::Sleep => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Response::new(Body::empty())
        }
        Turn::Drop => {
            let chunks = [Ok(Bytes::from_static(b"{\"choices\":")), Err(std::io::Error::other("gone"))];
            Response::new(Body::from_stream(futures::stream::iter(chunks)))
        }
    }
}

fn good(text: &str) -> Turn {
    let reply = json!({
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
    });
    Turn::Say(200, &[], reply.to_string())
}

fn error(status: u16, message: &str, kind: &str) -> Turn {
    Turn::Say(status, &[], json!({"error": {"message": message, "type": kind}}).to_string())
}

fn limits() -> Limits {
    Limits {
        timeout: Duration::from_millis(1500),
        tries: 3,
        first_pause: Duration::from_millis(4),
        longest_pause: Duration::from_millis(400),
        concurrency: 2,
    }
}

fn model(server: &Server) -> OpenAi {
    OpenAi::build(&format!("glm@{}", server.url), Some(SECRET.to_owned()), OPENAI, limits()).expect("a good name")
}

async fn ask(model: &OpenAi) -> Result<Completion, PolicyError> {
    let user = [Part::Text("what now?".to_owned()), Part::Image(Arc::from(&b"\x89PNG"[..]))];
    model.complete("be good", &user, Sampling::default(), Seed(9)).await
}

async fn outcome(turns: impl IntoIterator<Item = Turn>) -> (Result<Completion, PolicyError>, usize) {
    let server = serve(turns).await;
    let reply = ask(&model(&server)).await;
    if let Err(error) = &reply {
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?} tells the key");
    }
    let requests = server.seen.lock().expect("no test panics here").len();
    (reply, requests)
}

#[tokio::test]
async fn a_request_carries_words_pictures_sampling_and_the_key() {
    let server = serve([]).await;
    let model = model(&server);
    let reply = ask(&model).await.expect("the server is good");
    assert_eq!((reply.text.as_str(), reply.prompt_tokens, reply.completion_tokens), ("Click [3]", Some(100), Some(7)));
    assert_eq!(model.usage(), Usage { replies: 1, retries: 0, prompt_tokens: 100, completion_tokens: 7 });
    let (headers, body) = server.seen.lock().expect("no test panics here").remove(0);
    assert_eq!(headers["authorization"], format!("Bearer {SECRET}"));
    let body = serde_json::to_string_pretty(&body).expect("it is JSON");
    insta::assert_snapshot!(body, @r#"
    {
      "model": "glm",
      "messages": [
        {
          "role": "system",
          "content": "be good"
        },
        {
          "role": "user",
          "content": [
            {
              "type": "text",
              "text": "what now?"
            },
            {
              "type": "image_url",
              "image_url": {
                "url": "data:image/png;base64,iVBORw=="
              }
            }
          ]
        }
      ],
      "stream": false,
      "temperature": 0.0,
      "top_p": 1.0,
      "seed": 0,
      "max_tokens": 8192
    }
    "#);
    assert!(!format!("{model:?}").contains(SECRET));
}

#[tokio::test]
async fn without_a_key_no_authorization_is_sent() {
    let server = serve([]).await;
    let model = OpenAi::build(&format!("glm@{}/", server.url), None, OPENAI, limits()).expect("a good name");
    ask(&model).await.expect("the server is good");
    assert!(!server.seen.lock().expect("no test panics here")[0].0.contains_key("authorization"));
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let busy = || error(429, "slow down", "rate_limit");
    for turn in
        [busy(), error(500, "oh", "x"), error(503, "oh", "x"), Turn::Drop, Turn::Say(200, &[], "<html>".to_owned())]
    {
        let (reply, requests) = outcome([turn]).await;
        assert_eq!((reply.map(|reply| reply.text), requests), (Ok("Click [3]".to_owned()), 2));
    }
    let (reply, requests) = outcome([Turn::Sleep]).await;
    assert_eq!(
        (reply.map(|reply| reply.text), requests),
        (Ok("Click [3]".to_owned()), 2),
        "a slow reply is tried again"
    );
}

#[tokio::test]
async fn what_does_not_pass_is_given_up_with_its_name() {
    let thrice = |turn: fn() -> Turn| [turn(), turn(), turn(), turn()];
    let (reply, requests) = outcome(thrice(|| error(429, "slow down", "rate_limit"))).await;
    assert!(matches!(reply, Err(PolicyError::RateLimited { tries: 3, .. })) && requests == 3, "{reply:?}");
    let (reply, _) = outcome(thrice(|| Turn::Say(502, &[], "Bad gateway".to_owned()))).await;
    assert!(
        matches!(&reply, Err(PolicyError::Server { status: 502, reason, .. }) if reason == "Bad gateway"),
        "{reply:?}"
    );
    let (reply, _) = outcome(thrice(|| Turn::Say(200, &[], "<html>".to_owned()))).await;
    assert!(matches!(reply, Err(PolicyError::BadReply { .. })), "{reply:?}");
    let (reply, _) = outcome(thrice(|| Turn::Drop)).await;
    assert!(matches!(reply, Err(PolicyError::Unreachable { tries: 3, .. })), "{reply:?}");
    let (reply, _) = outcome(thrice(|| Turn::Sleep)).await;
    assert!(matches!(reply, Err(PolicyError::Timeout { limit_ms: 1500, tries: 3, .. })), "{reply:?}");
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let (reply, requests) = outcome([error(401, &format!("bad key {SECRET}"), "auth")]).await;
    let refusal = reply.expect_err("the key is refused");
    assert!(matches!(refusal, PolicyError::KeyRefused { status: 401, .. }) && refusal.is_permanent() && requests == 1);
    assert!(refusal.to_string().contains("OPENAI_API_KEY"));
    let (reply, requests) = outcome([error(400, &format!("no pictures, {SECRET}"), "x")]).await;
    let refusal = reply.expect_err("the request is refused");
    assert!(requests == 1 && refusal.to_string().ends_with("status 400: no pictures, [key]"), "{refusal}");
    let (reply, requests) = outcome([error(429, "pay", "insufficient_quota")]).await;
    assert!(matches!(reply, Err(PolicyError::Rejected { status: 429, .. })) && requests == 1);
    let (reply, _) = outcome([error(404, "no model `glm`", "x")]).await;
    assert!(reply.expect_err("no such model").is_permanent());
    let (reply, _) = outcome([Turn::Say(302, &[("location", "http://127.0.0.1:1/")], String::new())]).await;
    assert!(matches!(reply, Err(PolicyError::Rejected { status: 302, .. })), "a redirect would carry the key away");
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let started = Instant::now();
    let (reply, _) = outcome([Turn::Say(429, &[("retry-after", "0.3")], String::new())]).await;
    assert!(reply.is_ok() && started.elapsed() >= Duration::from_millis(300));
    let (reply, requests) = outcome([Turn::Say(429, &[("retry-after", "3600")], "in an hour".to_owned())]).await;
    assert!(matches!(reply, Err(PolicyError::RateLimited { tries: 1, .. })) && requests == 1, "{reply:?}");
}

#[tokio::test]
async fn a_parameter_that_a_server_refuses_is_left_out() {
    let server = serve([
        error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "x"),
        error(400, "`temperature` does not support 0.0", "x"),
    ])
    .await;
    let model = model(&server);
    ask(&model).await.expect("the third request is taken");
    ask(&model).await.expect("the next one at once");
    let seen = server.seen.lock().expect("no test panics here");
    assert_eq!(seen.len(), 4);
    let last = &seen[3].1;
    assert_eq!(last["max_completion_tokens"], 8192);
    assert!(last.get("max_tokens").is_none() && last.get("temperature").is_none() && last.get("seed").is_some());
}

#[tokio::test]
async fn thoughts_and_tool_calls_become_text() {
    let message = json!({"reasoning_content": "Click [1]?", "content": null, "tool_calls": [
        {"type": "function", "function": {"name": "click", "arguments": "{\"box_2d\": [[1,1,3,3]]}"}}]});
    let (reply, _) = outcome([Turn::Say(200, &[], json!({"choices": [{"message": message}]}).to_string())]).await;
    let text = reply.expect("the server is good").text;
    assert!(text.starts_with("<think>Click [1]?</think><tool_call>{"), "{text}");
    let (reply, _) = outcome([Turn::Say(200, &[], "{\"choices\": []}".to_owned())]).await;
    assert!(matches!(reply, Err(PolicyError::BadReply { .. })));
}

#[tokio::test]
async fn a_judge_is_asked_with_pictures_and_its_thought_is_left_out() {
    let server = serve([good("<think>hm</think><answer>NOT SUCCESS</answer>")]).await;
    let judge = crate::policy::JudgeModel::new(model(&server));
    let reply = judge.ask("well done?", &[Arc::from(&b"\xff\xd8x"[..])]).await;
    assert_eq!(reply.as_deref(), Ok("NOT SUCCESS"));
    assert_eq!(judge.usage().replies, 1);
    let sent = server.seen.lock().expect("no test panics here")[0].1.clone();
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(1));
    let picture = sent["messages"][0]["content"][1]["image_url"]["url"].as_str().map(str::to_owned);
    assert!(picture.is_some_and(|url| url.starts_with("data:image/jpeg;base64,")));
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed() {
    let server = serve((0..3).map(|_| Turn::Sleep)).await;
    let model = OpenAi::build(&format!("glm@{}", server.url), None, OPENAI, Limits { tries: 1, ..limits() })
        .expect("a good name");
    let all = futures::future::join_all((0..3).map(|_| ask(&model)));
    let seen = || server.seen.lock().expect("no test panics here").len();
    let watch = async {
        while seen() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Both hang until their time is over; the third would be there by now.
        tokio::time::sleep(Duration::from_millis(200)).await;
        seen()
    };
    let (_, at_once) = futures::future::join(all, watch).await;
    assert_eq!((at_once, seen()), (2, 3));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let url = format!("glm@http://{}/v1", listener.local_addr().expect("it is bound"));
    drop(listener);
    let model = OpenAi::build(&url, Some(SECRET.to_owned()), OPENAI, limits()).expect("a good name");
    let error = ask(&model).await.expect_err("nobody is there");
    assert!(matches!(error, PolicyError::Unreachable { tries: 3, .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn names_that_are_no_model_say_so() {
    let build = |spec: &str| {
        OpenAi::build(spec, None, OPENAI, limits()).map(|model| (model.model, model.client.server().to_owned()))
    };
    assert_eq!(build("a@b/c@http://x:1/v1/"), Ok(("a@b/c".to_owned(), "http://x:1/v1".to_owned())));
    assert_eq!(build("gpt"), Ok(("gpt".to_owned(), OPENAI.to_owned())));
    for spec in ["", "@http://x/v1", "m@http://", "m@http://user:pass@x/v1"] {
        let error = build(spec).expect_err(spec);
        assert!(!error.reason.is_empty(), "{error}");
    }
    let odd = OpenAi::build("m@http://x/v1", Some("a\nb".to_owned()), OPENAI, limits()).expect_err("no such key");
    assert!(odd.reason.contains("OPENAI_API_KEY") && !odd.to_string().contains("a\nb"));
}
