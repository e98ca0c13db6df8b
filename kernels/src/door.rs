//! Calls into C++.

use std::ffi::{CStr, c_char, c_void};

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

pub(crate) type Call = extern "C" fn(*mut c_void, *const C_tensor, *mut *mut c_char) -> *mut C_tensor;
pub(crate) type Drop = extern "C" fn(*mut c_void);
pub(crate) type Back = extern "C" fn(
    *mut c_void,
    *const C_tensor,
    *const *const C_tensor,
    usize,
    *mut *mut C_tensor,
    usize,
    *mut *mut c_char,
);

unsafe extern "C" {
    pub(crate) fn glim_checkpoint(
        output: *mut *mut C_tensor,
        input: *const C_tensor,
        closure: *mut c_void,
        call: Call,
        drop: Drop,
    ) -> *mut c_char;
    pub(crate) fn glim_with_gradient(
        output: *mut *mut C_tensor,
        inputs: *const *const C_tensor,
        count: usize,
        saved: *const *const C_tensor,
        saved_count: usize,
        result: *const C_tensor,
        closure: *mut c_void,
        back: Back,
        drop: Drop,
    ) -> *mut c_char;
    pub(crate) fn glim_copy_from_bytes(
        into: *mut C_tensor,
        bytes: *const c_void,
        shape: *const i64,
        dimensions: i64,
        kind: i32,
    ) -> *mut c_char;
    pub(crate) fn glim_fused_adamw(
        parameters: *const *const C_tensor,
        gradients: *const *const C_tensor,
        averages: *const *const C_tensor,
        squares: *const *const C_tensor,
        steps: *const *const C_tensor,
        count: i64,
        rate: f64,
        beta1: f64,
        beta2: f64,
        decay: f64,
        epsilon: f64,
    ) -> *mut c_char;
    pub(crate) fn glim_flash_attention(
        output: *mut *mut C_tensor,
        query: *const C_tensor,
        key: *const C_tensor,
        value: *const C_tensor,
        ends: *const C_tensor,
        longest: i64,
        causal: bool,
        scale: f64,
    ) -> *mut c_char;
    pub(crate) fn glim_fused_rms_norm(
        output: *mut *mut C_tensor,
        input: *const C_tensor,
        weight: *const C_tensor,
        epsilon: f64,
    ) -> *mut c_char;
    pub(crate) fn glim_cpu_rms_norm(
        output: *mut *mut C_tensor,
        input: *const C_tensor,
        weight: *const C_tensor,
        residual: *const C_tensor,
        epsilon: f64,
    ) -> *mut c_char;
    pub(crate) fn glim_cpu_norm(
        output: *mut *mut C_tensor,
        input: *const C_tensor,
        weight: *const C_tensor,
        epsilon: f64,
    ) -> *mut c_char;
    pub(crate) fn glim_cpu_gate(output: *mut *mut C_tensor, gate_up: *const C_tensor) -> *mut c_char;
    pub(crate) fn glim_cpu_gate_pair(
        output: *mut *mut C_tensor,
        gate: *const C_tensor,
        up: *const C_tensor,
    ) -> *mut c_char;
    pub(crate) fn glim_cpu_linear(
        output: *mut *mut C_tensor,
        input: *const C_tensor,
        matrix: *const C_tensor,
        bias: *const C_tensor,
    ) -> *mut c_char;
    pub(crate) fn glim_cpu_rotate(
        heads: *mut C_tensor,
        cos: *const C_tensor,
        sin: *const C_tensor,
        interleaved: bool,
    ) -> *mut c_char;
    pub(crate) fn glim_cpu_decode_attention(
        output: *mut *mut C_tensor,
        query: *const C_tensor,
        key: *const C_tensor,
        value: *const C_tensor,
        keys: *mut C_tensor,
        values: *mut C_tensor,
        slots: *const i64,
        lengths: *const i64,
        scale: f64,
    ) -> *mut c_char;
    pub(crate) fn glim_drop_gradient(tensor: *const C_tensor);
    fn glim_records_gradients() -> bool;
}

/// Panics with the message that C++ gave, if it gave one.
#[track_caller]
pub(crate) fn succeed(message: *mut c_char) {
    if let Some(message) = take(message) {
        panic!("libtorch: {message}");
    }
}

/// The message, freed on the side that made it.
pub(crate) fn take(message: *mut c_char) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: a message that is not null is a string of C that `strdup` made for us alone.
    unsafe {
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        libc::free(message.cast());
        Some(text)
    }
}

/// Calls a function that writes one tensor to the place it is given, or says why not.
#[track_caller]
pub(crate) fn tensor(call: impl FnOnce(*mut *mut C_tensor) -> *mut c_char) -> Tensor {
    let mut output = std::ptr::null_mut();
    succeed(call(&mut output));
    // SAFETY: without a message the place holds a tensor made by `new`, which is ours.
    unsafe { Tensor::from_ptr(output) }
}

/// Whether gradients are wanted of what is computed from these.
pub(crate) fn records(tensors: &[&Tensor]) -> bool {
    // SAFETY: reads a flag of this thread.
    let recording = unsafe { glim_records_gradients() };
    recording && tensors.iter().any(|tensor| tensor.requires_grad())
}

/// Whether these are what our loops on the CPU take: f32.
pub(crate) fn is_cpu(tensors: &[&Tensor]) -> bool {
    tensors.iter().all(|tensor| tensor.device() == Device::Cpu && tensor.kind() == Kind::Float)
}

/// Whether a loop without gradients may be used.
pub(crate) fn is_plain_cpu(tensors: &[&Tensor]) -> bool {
    is_cpu(tensors) && !records(tensors)
}
