//! Real Chromium against pages on loopback: what it does, and what it survives.

mod site;

mod acting;
mod clock;
mod failures;
mod fence;
mod interruptions;
