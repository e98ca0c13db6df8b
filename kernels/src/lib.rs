//! The hot loops, and the door to what tch lacks.
