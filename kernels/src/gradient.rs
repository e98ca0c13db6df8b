//! Gradients of what was computed outside of torch's own operations.

use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Tensor;
use torch_sys::C_tensor;

use crate::door::{self, records};

type Way = Box<dyn Fn(&Tensor, &[Tensor]) -> Vec<Tensor> + Send>;

/// `result` as a function of `inputs`: on the way back `back(gradient, saved)` gives a gradient for each of them, on
/// whichever thread that is. `saved` is kept until then, and `gradient` is dense.
pub(crate) fn attach(
    inputs: &[&Tensor],
    saved: &[&Tensor],
    result: Tensor,
    back: impl Fn(&Tensor, &[Tensor]) -> Vec<Tensor> + Send + 'static,
) -> Tensor {
    if !records(inputs) {
        return result;
    }
    let way: Box<Way> = Box::new(Box::new(back));
    let data = Box::into_raw(way).cast::<c_void>();
    let pointers = |tensors: &[&Tensor]| tensors.iter().map(|tensor| tensor.as_ptr()).collect::<Vec<_>>();
    let (inputs, saved) = (pointers(inputs), pointers(saved));
    // SAFETY: live tensors during the call, of which C++ keeps references of its own; `data` is a `Way` on the heap, which is
    // passed to `go_back` any number of times and to `drop_way` once.
    door::tensor(|output| unsafe {
        door::glim_with_gradient(
            output,
            inputs.as_ptr(),
            inputs.len(),
            saved.as_ptr(),
            saved.len(),
            result.as_ptr(),
            data,
            go_back,
            drop_way,
        )
    })
}

extern "C" fn go_back(
    way: *mut c_void,
    gradient: *const C_tensor,
    saved: *const *const C_tensor,
    count: usize,
    gradients: *mut *mut C_tensor,
    inputs: usize,
    error: *mut *mut c_char,
) {
    // SAFETY: `way` is what `attach` made and has not been dropped; all tensors are alive during the call, and each clone
    // counts a reference of its own.
    let (way, gradient, saved) = unsafe {
        let saved: Vec<Tensor> = (0..count).map(|at| Tensor::clone_from_ptr((*saved.add(at)).cast_mut())).collect();
        (&*way.cast::<Way>(), Tensor::clone_from_ptr(gradient.cast_mut()), saved)
    };
    let made = catch_unwind(AssertUnwindSafe(|| {
        let made = tch::no_grad(|| way(&gradient, &saved));
        assert_eq!(made.len(), inputs, "a gradient for each input");
        made
    }));
    match made {
        Ok(made) => {
            for (at, tensor) in made.into_iter().enumerate() {
                let mut tensor = std::mem::ManuallyDrop::new(tensor);
                // SAFETY: `gradients` has a place for each input; C++ frees what stands there.
                unsafe { *gradients.add(at) = tensor.as_mut_ptr() };
            }
        }
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a gradient panicked");
            let text = CString::new(said.replace('\0', " ")).unwrap_or_default();
            // SAFETY: `error` is a place that C++ reads; it frees what stands there.
            unsafe { *error = libc::strdup(text.as_ptr()) };
        }
    }
}

extern "C" fn drop_way(way: *mut c_void) {
    // SAFETY: called once, when nothing can call it any more.
    drop(unsafe { Box::from_raw(way.cast::<Way>()) });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tch::{Device, Kind};

    use super::*;

    fn product(a: &Tensor, b: &Tensor, drops: &Arc<AtomicUsize>) -> Tensor {
        struct Counted(Arc<AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let counted = Counted(Arc::clone(drops));
        attach(&[a, b], &[a, b], tch::no_grad(|| a * b), move |gradient, saved| {
            let _ = &counted;
            vec![gradient * &saved[1], gradient * &saved[0]]
        })
    }

    #[test]
    fn both_inputs_get_their_gradients_and_nothing_is_kept() {
        let drops = Arc::new(AtomicUsize::new(0));
        let random = || Tensor::randn([3, 4], (Kind::Float, Device::Cpu));
        let (a, b) = (random().set_requires_grad(true), random().set_requires_grad(true));
        let output = product(&(&a * 2.0), &b, &drops);
        output.square().sum(Kind::Float).backward();
        drop(output);
        let twice = &a * 2.0;
        let expected = &twice * &b * 2.0;
        assert!((a.grad() - &expected * &b * 2.0).abs().max().double_value(&[]) < 1e-4);
        assert!((b.grad() - &expected * &twice).abs().max().double_value(&[]) < 1e-4);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        let plain = tch::no_grad(|| product(&a, &b, &drops));
        assert!(!plain.requires_grad());
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    }

    #[test]
    #[should_panic(expected = "a gradient for each input")]
    fn what_goes_wrong_on_the_way_back_is_said() {
        let a = Tensor::ones([2], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let output = attach(&[&a], &[], tch::no_grad(|| &a + 1.0), |_, _| Vec::new());
        output.sum(Kind::Float).backward();
    }
}
