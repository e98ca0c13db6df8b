//! What the blocks compute on their way, for comparison with the reference.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tch::Tensor;

/// Keeps named tensors, or nothing.
#[derive(Debug, Default)]
pub struct Trace {
    kept: Option<RefCell<BTreeMap<String, Tensor>>>,
}

impl Trace {
    /// One that keeps nothing and costs nothing.
    pub fn off() -> Trace {
        Trace::default()
    }

    /// One that keeps all.
    pub fn on() -> Trace {
        Trace { kept: Some(RefCell::default()) }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.kept.is_some()
    }

    pub(crate) fn note(&self, name: impl FnOnce() -> String, tensor: &Tensor) {
        if let Some(kept) = &self.kept {
            kept.borrow_mut().insert(name(), tensor.detach().copy());
        }
    }

    /// What was kept.
    pub fn take(self) -> BTreeMap<String, Tensor> {
        self.kept.map(RefCell::into_inner).unwrap_or_default()
    }
}
