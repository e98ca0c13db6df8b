//! The server as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::checkpoint::{Checkpoint, glim};

/// Longest wait for anything.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A server that ends with the test.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(checkpoint: &Checkpoint) -> Server {
        Server::with(checkpoint, |_| {})
    }

    pub fn with(checkpoint: &Checkpoint, more: impl FnOnce(&mut Command)) -> Server {
        let mut command = glim();
        command.args([
            "serve",
            "--port",
            "0",
            "--model-name",
            "tiny",
            "--device",
            "cpu",
            "--context",
            "2048",
            "--checkpoint",
        ]);
        command.arg(checkpoint.path());
        more(&mut command);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.split_once("http://").and_then(|(_, rest)| rest.split_once("/v1")).map(|(address, _)| address);
        let address = address.unwrap_or_else(|| panic!("the server did not start: {line}")).parse().unwrap();
        Server { process, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Status, head and body of the answer to these bytes.
    pub fn exchange(&self, bytes: &[u8]) -> (u16, String, String) {
        let mut stream = self.connect();
        // A server may answer before it has read all.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let (status, _, body) = self.exchange(request.as_bytes());
        (status, body)
    }

    pub fn post(&self, body: &str) -> (u16, String, String) {
        self.exchange(request(body).as_bytes())
    }

    /// A figure of `/metrics`.
    pub fn figure(&self, name: &str) -> f64 {
        let (status, page) = self.get("/metrics");
        assert_eq!(status, 200, "{page}");
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or("0").parse().unwrap()
    }

    /// Waits until a figure is as wanted.
    pub fn await_figure(&self, name: &str, wanted: f64) {
        let begun = Instant::now();
        while self.figure(name) != wanted {
            assert!(begun.elapsed() < LIMIT, "{name} is {} and never became {wanted}", self.figure(name));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// The end of the process.
    pub fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < LIMIT, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A whole request for a chat completion.
pub fn request(body: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
