//! The open web to grounding data: pages are found, shown in a real browser, operated, looked at, asked about, and stored.
