//! What the official package does with us.

use crate::checkpoint::Checkpoint;
use crate::client::{talk, talk_with};
use crate::server::Server;

#[test]
fn random_weights_do_all_that_the_protocol_asks() {
    let checkpoint = Checkpoint::random(3);
    let server = Server::start(&checkpoint);
    for scenario in ["plain", "streaming", "pictures", "logprobs", "choices", "crowd", "errors"] {
        talk(&server, scenario);
    }
    // Each picture was encoded once, and asked for again.
    assert!(server.figure("glim_image_feature_hits_total") >= 2.0);
    assert!(server.figure("glim_completion_tokens_total") > 100.0);
    assert!(server.figure("glim_requests_total{status=\"400\"}") >= 6.0);
    assert!(server.figure("glim_time_to_first_token_seconds_count") > 20.0);
    assert!(server.figure("process_resident_memory_bytes") > 1e6);
    server.await_figure("glim_running", 0.0);
    assert_eq!(server.figure("glim_queue_length"), 0.0);
}

#[test]
fn a_reply_that_is_known_is_told_as_it_is() {
    let checkpoint = Checkpoint::taught("gray box", false);
    talk(&Server::start(&checkpoint), "taught");
}

#[test]
fn calls_of_tools_are_told_apart() {
    let text = "<tool_call>dig<arg_key>x</arg_key><arg_value>7</arg_value></tool_call>";
    let checkpoint = Checkpoint::taught(text, false);
    talk(&Server::start(&checkpoint), "tools");
}

#[test]
fn thoughts_are_told_apart_and_cut_short() {
    let checkpoint = Checkpoint::taught("gray box", true);
    checkpoint.open_thought();
    talk(&Server::start(&checkpoint), "thinking");
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let checkpoint = Checkpoint::random(3);
    let server = Server::with(&checkpoint, |command| {
        command.env("GLIM_TOKEN", "secret");
    });
    talk_with(&server, "token", "secret");
    assert_eq!(server.get("/v1/models").0, 401);
    assert_eq!(server.get("/metrics").0, 401);
    assert_eq!(server.get("/health").0, 200);
}

#[test]
fn a_client_that_goes_away_cancels_its_reply() {
    let checkpoint = Checkpoint::taught("gray box", true);
    let server = Server::start(&checkpoint);
    talk(&server, "leaving");
    server.await_figure("glim_running", 0.0);
    assert_eq!(server.figure("glim_cancelled_total"), 1.0);
    assert!(server.figure("glim_completion_tokens_total") < 1900.0);
}

#[test]
fn more_than_the_queue_holds_is_refused() {
    let checkpoint = Checkpoint::taught("gray box", true);
    let server = Server::with(&checkpoint, |command| {
        command.args(["--max-batch", "2", "--queue", "2"]);
    });
    talk(&server, "busy");
    server.await_figure("glim_running", 0.0);
}
