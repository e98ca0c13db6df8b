//! Chromium as a world for agents: many episodes in one process, each in a browser context of its own.
//!
//! `browser` starts the process and `world` opens a context in it; `gate` is the context's only way to the network,
//! `tab` and `pace` hold a page, its time and its frames, `input` acts, `observe` looks. A page is hostile: nothing it
//! prints is evaluated, our scripts live in an isolated world, and whatever would wait for a person is answered.

mod config;

mod browser;
mod cdp;
mod chromium;
mod filter;
mod gate;
mod identity;
mod input;
mod pace;
mod reader;
mod tab;

mod act;
mod env;
mod load;
mod observe;
mod visible_elements;
mod world;

pub use browser::Browser;
pub use chromium::find_chromium;
pub use config::{BrowserConfig, Settle};
pub use env::{BrowserEnv, Document, TextLine, TextWord};
pub use filter::{Request, RequestFilter};
pub use gate::is_private;
