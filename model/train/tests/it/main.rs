//! The trainer on real, small models: one binary, since libtorch is linked once.

mod learning;
mod ranks;
mod reference;
mod running;
mod sample;
