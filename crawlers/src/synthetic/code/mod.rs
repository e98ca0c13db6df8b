//! Pages as code.
