//! What no proper client does.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::checkpoint::{Checkpoint, glim, said};
use crate::server::{LIMIT, Server, request};

fn hello(more: Value) -> String {
    let mut body = json!({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4, "temperature": 0});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string()
}

fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let error = &body["error"];
    assert!(
        error["message"].as_str().is_some_and(|message| !message.is_empty()) && error["type"].is_string(),
        "{body}"
    );
    assert!(error.get("param").is_some() && error.get("code").is_some(), "{body}");
    error["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_is_wrong_is_said_and_the_server_lives_on() {
    let checkpoint = Checkpoint::random(5);
    let server = Server::start(&checkpoint);
    let (status, _, body) = server.post("{\"messages\": [");
    assert_eq!((status, code(&body).as_str()), (400, "invalid_json"));
    let (status, _, body) = server.post("[]");
    assert_eq!((status, code(&body).as_str()), (400, "invalid_type"));

    let plain = request(&hello(json!({}))).replace("application/json", "text/plain");
    let (status, _, body) = server.exchange(plain.as_bytes());
    assert_eq!((status, code(&body).as_str()), (415, "unsupported_media_type"), "a form of another site is no client");
    let elsewhere = request(&hello(json!({}))).replace("Host: localhost", "Host: rebound.example");
    let (status, _, body) = server.exchange(elsewhere.as_bytes());
    assert_eq!((status, code(&body).as_str()), (403, "wrong_host"));

    let (status, body) = server.get("/v2/nothing");
    assert_eq!((status, code(&body).as_str()), (404, "unknown_url"));
    let (status, body) = server.get("/v1/chat/completions");
    assert_eq!((status, code(&body).as_str()), (405, "method_not_allowed"));
    let (status, body) = server.get("/v1/models/other");
    assert_eq!((status, code(&body).as_str()), (404, "model_not_found"));

    let announced = request("").replace("Content-Length: 0", "Content-Length: 99999999999");
    let (status, _, body) = server.exchange(announced.as_bytes());
    assert_eq!((status, code(&body).as_str()), (413, "request_too_large"));
    // Without a length, and more than is taken.
    let mut stream = server.connect();
    let head = request("").replace("Content-Length: 0", "Transfer-Encoding: chunked");
    stream.write_all(head.as_bytes()).unwrap();
    let mebibyte = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let sent = (0..70).take_while(|_| stream.write_all(&mebibyte).is_ok()).count();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 413") || sent < 70, "{sent} MiB were taken: {answer}");

    let (status, _, body) = server.post(&hello(json!({})));
    assert_eq!(status, 200, "{body}");
    server.await_figure("glim_running", 0.0);
    assert!(server.figure("process_resident_memory_bytes") < 2e9, "memory comes back");
}

#[test]
fn a_slow_client_keeps_nobody_waiting() {
    let checkpoint = Checkpoint::taught("gray box", true);
    let server = Server::start(&checkpoint);
    // One that sends its request byte by byte, and one that reads nothing of what it is sent.
    let mut slow = server.connect();
    let bytes = request(&hello(json!({})));
    let (begin, end) = bytes.as_bytes().split_at(bytes.len() - 5);
    slow.write_all(begin).unwrap();
    let mut deaf = server.connect();
    deaf.write_all(request(&hello(json!({"stream": true, "max_tokens": 1900}))).as_bytes()).unwrap();
    for _ in 0..5 {
        let (status, _, body) = server.post(&hello(json!({})));
        assert_eq!(status, 200, "{body}");
    }
    for byte in end {
        slow.write_all(&[*byte]).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(deaf);
    server.await_figure("glim_running", 0.0);
}

#[test]
fn a_client_that_hangs_up_before_its_whole_reply_cancels_it() {
    let checkpoint = Checkpoint::taught("gray box", true);
    let server = Server::start(&checkpoint);
    let mut stream = server.connect();
    stream.write_all(request(&hello(json!({"max_tokens": 1900}))).as_bytes()).unwrap();
    server.await_figure("glim_running", 1.0);
    drop(stream);
    server.await_figure("glim_running", 0.0);
    assert_eq!(server.figure("glim_cancelled_total"), 1.0);
}

#[test]
fn ctrl_c_lets_running_replies_finish_and_refuses_new_ones() {
    let checkpoint = Checkpoint::taught("gray box", true);
    let mut server = Server::start(&checkpoint);
    let mut running = server.connect();
    running.write_all(request(&hello(json!({"stream": true, "max_tokens": 300}))).as_bytes()).unwrap();
    // A connection that idles is closed, not waited for.
    let idle = server.connect();
    server.await_figure("glim_running", 1.0);
    server.interrupt();
    let mut answer = String::new();
    running.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("data: [DONE]"), "the reply was cut off: {answer}");
    assert!(server.end().success());
    assert!(std::net::TcpStream::connect_timeout(&server.address, LIMIT).is_err());
    drop(idle);
}

#[test]
fn a_start_that_cannot_be_says_why() {
    let checkpoint = Checkpoint::random(5);
    for (arguments, says) in [
        (vec!["--host", "0.0.0.0"], "--token-file"),
        (vec!["--token-file", "/nowhere/token"], "/nowhere/token"),
        (vec!["--device", "cuda:99"], "cuda"),
    ] {
        let mut command = glim();
        command.args(["serve", "--port", "0", "--checkpoint"]).arg(checkpoint.path()).args(&arguments);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(
            !output.status.success() && said(&output).to_lowercase().contains(says),
            "{arguments:?}: {}",
            said(&output)
        );
    }
    let output = glim().args(["serve", "--port", "0", "--checkpoint", "/nowhere"]).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("/nowhere"), "{}", said(&output));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = glim().args(["serve", "--port", &port, "--checkpoint"]).arg(checkpoint.path()).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("--port"), "{}", said(&output));
}
