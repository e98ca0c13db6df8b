//! Real Chromium against pages on loopback: what it does, and what it survives.

// Tests in modules of a test binary: a failed expectation is a failed test.
#![allow(clippy::unwrap_used)]

mod site;

mod acting;
mod clock;
mod failures;
mod fence;
mod interruptions;
mod reading;
mod servers;
