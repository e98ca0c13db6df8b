//! Activation checkpointing: a block keeps its input and nothing else, and is computed a second time on the way back.

use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Tensor;
use torch_sys::C_tensor;

use crate::door;

type Block = Box<dyn Fn(&Tensor) -> Tensor + Send>;

/// `block(input)`, of which the way back keeps only `input`.
///
/// The weights that `block` has taken along get their gradients, and so does `input`. `block` is called again while
/// gradients are computed, on whichever thread that is, and must then give what it gave before.
///
/// # Panics
/// If `block` does.
pub fn checkpoint(input: &Tensor, block: impl Fn(&Tensor) -> Tensor + Send + 'static) -> Tensor {
    let block: Box<Block> = Box::new(Box::new(block));
    let data = Box::into_raw(block).cast::<c_void>();
    // SAFETY: `data` is a `Block` on the heap; C++ passes it to `call` any number of times and to `drop_block` once.
    door::tensor(|output| unsafe { door::glim_checkpoint(output, input.as_ptr(), data, call, drop_block) })
}

extern "C" fn call(block: *mut c_void, input: *const C_tensor, error: *mut *mut c_char) -> *mut C_tensor {
    // SAFETY: `block` is what `checkpoint` made and has not been dropped; `input` is alive during the call, and the
    // clone counts a reference of its own.
    let (block, input) = unsafe { (&*block.cast::<Block>(), Tensor::clone_from_ptr(input.cast_mut())) };
    match catch_unwind(AssertUnwindSafe(|| block(&input))) {
        Ok(output) => {
            let mut output = std::mem::ManuallyDrop::new(output);
            output.as_mut_ptr()
        }
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a block panicked");
            let text = CString::new(said.replace('\0', " ")).unwrap_or_default();
            // SAFETY: `error` is a place that C++ reads; it frees what stands there.
            unsafe { *error = libc::strdup(text.as_ptr()) };
            std::ptr::null_mut()
        }
    }
}

extern "C" fn drop_block(block: *mut c_void) {
    // SAFETY: called once, when nothing can call the block any more.
    drop(unsafe { Box::from_raw(block.cast::<Block>()) });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn gradients_equal_those_of_the_plain_block() {
        let weight = Tensor::randn([4, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let input = Tensor::randn([3, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let gradients = |output: Tensor| {
            output.square().sum(Kind::Float).backward();
            let both = (input.grad().copy(), weight.grad().copy());
            let (mut a, mut b) = (input.shallow_clone(), weight.shallow_clone());
            a.zero_grad();
            b.zero_grad();
            both
        };
        let plain = gradients(input.matmul(&weight).tanh());
        let calls = Arc::new(AtomicUsize::new(0));
        let (kept, counted) = (weight.shallow_clone(), Arc::clone(&calls));
        let again = gradients(checkpoint(&input, move |input| {
            counted.fetch_add(1, Ordering::Relaxed);
            input.matmul(&kept).tanh()
        }));
        assert_eq!(plain.0, again.0);
        assert_eq!(plain.1, again.1);
        assert_eq!(calls.load(Ordering::Relaxed), 2, "once forward, once on the way back");
        assert_eq!(Arc::strong_count(&calls), 1, "the block is dropped with its graph");
    }

    #[test]
    fn weights_get_gradients_though_the_input_has_none() {
        let weight = Tensor::ones([2, 2], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let input = Tensor::ones([1, 2], (Kind::Float, Device::Cpu));
        let kept = weight.shallow_clone();
        checkpoint(&input, move |input| input.matmul(&kept)).sum(Kind::Float).backward();
        assert_eq!(weight.grad(), Tensor::ones([2, 2], (Kind::Float, Device::Cpu)));
    }

    #[test]
    #[should_panic(expected = "no such block")]
    fn a_panic_comes_back_with_its_words() {
        let input = Tensor::ones([1], (Kind::Float, Device::Cpu));
        let _ = checkpoint(&input, |_| panic!("no such block"));
    }
}
