//! What the infrastructure promises, tried on a site that can break.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use glim_env::{Seed, StartState};
use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Visitor;
use crate::{App, CHANGES, Database, Instance, Page, Session, Shop, Site};

/// A site whose pages fail.
struct Faulty;

impl Site for Faulty {
    const NAME: &'static str = "faulty";
    const TITLE: &'static str = "Faulty";

    fn schema() -> &'static str {
        "CREATE TABLE users (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT;"
    }

    fn populate(connection: &Connection, seed: Seed) -> rusqlite::Result<()> {
        connection.execute("INSERT INTO notes (text) VALUES (?1)", [seed.to_string()]).map(drop)
    }

    fn router() -> Router<App> {
        async fn panics() -> Page {
            panic!("a bug")
        }
        async fn wrong_sql(axum::extract::State(app): axum::extract::State<App>) -> Page {
            app.db.write(|db| {
                db.execute("DELETE FROM notes", [])?;
                db.execute("DELETE FROM nowhere", [])
            })?;
            Ok(crate::redirect("/"))
        }
        async fn no_row(axum::extract::State(app): axum::extract::State<App>) -> Page {
            app.db.read(|db| crate::record(db, "SELECT * FROM notes WHERE id = 99", []))?;
            Ok(crate::redirect("/"))
        }
        Router::new().route("/panics", get(panics)).route("/sql", get(wrong_sql)).route("/none", get(no_row))
    }

    fn frame(_: &Connection, _: &Session) -> rusqlite::Result<minijinja::Value> {
        Ok(minijinja::Value::UNDEFINED)
    }
}

/// One request over a socket; empty if nobody answers.
async fn ask(address: std::net::SocketAddr, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address).await else { return String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: faulty.test\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let _ = stream.read_to_string(&mut answer).await;
    }
    answer
}

#[tokio::test]
async fn a_fault_is_a_500_page_and_makes_the_backend_refuse() {
    for path in ["/panics", "/sql"] {
        let instance = Instance::<Faulty>::open(Seed(1)).unwrap();
        let address = instance.addr();
        let mut stage = instance.stage("/");
        let backend = stage.backend.as_mut().unwrap();
        assert_eq!(backend.probe(CHANGES).unwrap(), serde_json::json!([]));
        let missing = ask(address, "/none").await;
        assert!(missing.starts_with("HTTP/1.1 404") && missing.contains("Page not found"));
        assert!(backend.probe(CHANGES).is_ok(), "a missing page is the visitor's mistake");

        let answer = ask(address, path).await;
        assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("Something went wrong"), "{answer}");
        let error = backend.probe(CHANGES).unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
    }
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_behind() {
    let mut visitor = Visitor::of::<Faulty>(Seed(1));
    assert_eq!(visitor.look("/sql").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(visitor.fault().unwrap().contains("nowhere"));
    assert_eq!(visitor.db().changes().unwrap(), [], "the transaction was rolled back");
}

#[tokio::test]
async fn a_stage_names_the_host_and_takes_the_server_down() {
    let instance = Instance::<Faulty>::open(Seed(1)).unwrap();
    let address = instance.addr();
    let mut kept_open = TcpStream::connect(address).await.unwrap();
    kept_open.write_all(b"GET /none HTTP/1.1\r\nHost: faulty.test\r\n\r\n").await.unwrap();
    assert!(kept_open.read(&mut [0; 16]).await.unwrap() > 0);
    let stage = instance.stage("/none");
    let StartState::Web(start) = &stage.start else { panic!("a page") };
    assert_eq!(start.url, "http://faulty.test/none");
    assert_eq!(start.routes["faulty.test"], address);
    drop(stage);
    // The runtime drops the aborted task when it comes to it; the open connection then ends.
    let mut rest = Vec::new();
    let _ = kept_open.read_to_end(&mut rest).await;
    assert_eq!(ask(address, "/none").await, "");
}

#[test]
fn only_looking_is_allowed() {
    let db = Database::open::<Faulty>(Seed(7)).unwrap();
    let rows = db.select("SELECT id, text, upper('x') AS x FROM notes").unwrap();
    assert_eq!(serde_json::to_value(rows).unwrap(), serde_json::json!([{"id": 1, "text": "7", "x": "X"}]));
    for refused in [
        "INSERT INTO notes (text) VALUES ('x')",
        "UPDATE notes SET text = 'x'",
        "DELETE FROM notes RETURNING id",
        "DROP TABLE notes",
        "CREATE TEMP TABLE t (id)",
        "ATTACH ':memory:' AS other",
        "PRAGMA user_version = 3",
        "PRAGMA table_info(notes)",
        "BEGIN",
        "VACUUM",
        "SELECT 1; DELETE FROM notes",
        "SELECT load_extension('x')",
        "",
    ] {
        assert!(db.select(refused).is_err(), "`{refused}` was allowed");
    }
    assert_eq!(db.changes().unwrap(), []);
    assert!(db.write(|db| db.execute("DELETE FROM notes", [])).is_ok(), "the lock on writing is gone again");
    assert_eq!(db.changes().unwrap().len(), 1);
}

#[test]
fn copies_are_independent_and_follow_the_seed() {
    let (one, other) = (Database::open::<Faulty>(Seed(7)).unwrap(), Database::open::<Faulty>(Seed(7)).unwrap());
    one.write(|db| db.execute("UPDATE notes SET text = 'mine'", [])).unwrap();
    let changed = one.changes().unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].before["text"], "7");
    assert_eq!(other.changes().unwrap(), []);
    let text = |db: &Database| db.select("SELECT text FROM notes").unwrap()[0]["text"].clone();
    assert_eq!((text(&other), text(&Database::open::<Faulty>(Seed(8)).unwrap())), ("7".into(), "8".into()));
}

#[tokio::test]
async fn equal_seeds_give_equal_pages_and_visitors() {
    let mut pages = Vec::new();
    for seed in [Seed(5), Seed(5), Seed(6)] {
        let mut visitor = Visitor::of::<Shop>(seed);
        pages.push(visitor.get("/").await + &visitor.get("/products").await);
        let sessions = visitor.db().select("SELECT id FROM sessions").unwrap();
        assert_eq!(sessions.len(), 1, "one visitor, one session");
        pages.push(sessions[0]["id"].to_string());
    }
    assert_eq!(pages[..2], pages[2..4]);
    assert_ne!(pages[0], pages[4]);
    assert_ne!(pages[1], pages[5]);
}
