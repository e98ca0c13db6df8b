//! Each notation, whole answers, and what must not be read.

mod agreement;
mod hostile;
mod notation;
