//! What a GPU does besides single operations: work recorded once and replayed, kernels compiled at run time, memory.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::{Device, Tensor};

use crate::door;

unsafe extern "C" {
    fn glim_gpu_memory(numbers: *mut i64, device: i32) -> *mut c_char;
    fn glim_gpu_empty_cache() -> *mut c_char;
    fn glim_gpu_record(graph: *mut *mut c_void, closure: *mut c_void, body: Body, device: i32) -> *mut c_char;
    fn glim_gpu_replay(graph: *mut c_void) -> *mut c_char;
    fn glim_gpu_forget(graph: *mut c_void);
    fn glim_gpu_compile(
        code: *mut *mut c_char,
        size: *mut usize,
        source: *const c_char,
        arch: *const c_char,
    ) -> *mut c_char;
    fn glim_gpu_load(module: *mut *mut c_void, code: *const c_char) -> *mut c_char;
    fn glim_gpu_function(
        function: *mut *mut c_void,
        module: *mut c_void,
        name: *const c_char,
        shared_bytes: i32,
    ) -> *mut c_char;
    fn glim_gpu_launch(
        function: *mut c_void,
        grid: *const u32,
        block: *const u32,
        shared: u32,
        arguments: *mut *mut c_void,
        device: i32,
    ) -> *mut c_char;
    fn glim_gpu_capability(number: *mut i32, device: i32) -> *mut c_char;
}

type Body = extern "C" fn(*mut c_void, *mut *mut c_char);

fn number(device: Device) -> i32 {
    match device {
        Device::Cuda(number) => i32::try_from(number).expect("a machine has few GPUs"),
        other => panic!("{other:?} is no GPU"),
    }
}

/// Bytes of a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// In tensors.
    pub used: i64,
    /// In tensors, at most so far.
    pub peak: i64,
    /// Held by the allocator.
    pub reserved: i64,
    /// Free on the card.
    pub free: i64,
    /// On the card.
    pub total: i64,
}

/// What the allocator and the card say.
///
/// # Panics
/// If `device` is no GPU that is open.
pub fn memory(device: Device) -> Memory {
    let mut numbers = [0; 5];
    // SAFETY: five numbers are written.
    door::succeed(unsafe { glim_gpu_memory(numbers.as_mut_ptr(), number(device)) });
    let [used, peak, reserved, free, total] = numbers;
    Memory { used, peak, reserved, free, total }
}

/// Gives memory that no tensor uses back to the card.
pub fn give_back() {
    // SAFETY: touches the allocator alone.
    door::succeed(unsafe { glim_gpu_empty_cache() });
}

/// Work on a GPU that was recorded, and is done again on the tensors it was recorded with.
#[derive(Debug)]
pub struct Recorded {
    graph: *mut c_void,
}

// SAFETY: a graph is replayed and forgotten through functions that lock what they share; it is used by one thread at a
// time, since `replay` and `drop` are not called at once.
unsafe impl Send for Recorded {}

impl Recorded {
    /// Records what `work` asks of the device. Whatever it allocates belongs to the record; tensors that it reads and
    /// writes must stay where they are. It may not look at results, nor send anything to the device.
    ///
    /// # Panics
    /// If `work` does, or asks for something that cannot be recorded.
    pub fn record(device: Device, work: impl FnOnce()) -> Recorded {
        extern "C" fn body<F: FnOnce()>(closure: *mut c_void, error: *mut *mut c_char) {
            // SAFETY: `closure` is the `Option<F>` below, alive during the call.
            let work = unsafe { &mut *closure.cast::<Option<F>>() }.take().expect("work is called once");
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                let said = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "recorded work panicked".into());
                let text = CString::new(said.replace('\0', " ")).unwrap_or_default();
                // SAFETY: a place that C++ reads, and frees what stands there.
                unsafe { *error = libc::strdup(text.as_ptr()) };
            }
        }
        fn record<F: FnOnce()>(device: Device, work: F) -> *mut c_void {
            let mut graph = std::ptr::null_mut();
            let mut work = Some(work);
            // SAFETY: `body::<F>` gets the pointer to `work` back, during this call only.
            door::succeed(unsafe { glim_gpu_record(&mut graph, (&raw mut work).cast(), body::<F>, number(device)) });
            graph
        }
        Recorded { graph: record(device, work) }
    }

    /// Does it again, on the current stream.
    pub fn replay(&self) {
        // SAFETY: the graph is alive.
        door::succeed(unsafe { glim_gpu_replay(self.graph) });
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        // SAFETY: made by `record`, and not used after.
        unsafe { glim_gpu_forget(self.graph) }
    }
}

/// Code for a GPU of this architecture, such as `sm_90`, from a source in CUDA. Needs the compiler and no GPU.
///
/// # Errors
/// With the compiler's words.
pub fn compile(source: &str, arch: &str) -> Result<Vec<u8>, String> {
    let source = CString::new(source).map_err(|_| "a source has no zeros".to_owned())?;
    let arch = CString::new(arch).map_err(|_| "a name has no zeros".to_owned())?;
    let (mut code, mut size) = (std::ptr::null_mut::<c_char>(), 0);
    // SAFETY: both are strings of C; code and size are places to write to.
    let message = unsafe { glim_gpu_compile(&mut code, &mut size, source.as_ptr(), arch.as_ptr()) };
    if let Some(message) = door::take(message) {
        return Err(message);
    }
    // SAFETY: without a message, `code` has `size` bytes made by `malloc`, which are ours.
    unsafe {
        let bytes = std::slice::from_raw_parts(code.cast::<u8>(), size).to_vec();
        libc::free(code.cast());
        Ok(bytes)
    }
}

/// Kernels of one source, loaded on the current device. They stay loaded.
#[derive(Debug)]
pub struct Module {
    module: *mut c_void,
    device: Device,
}

/// One kernel.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    function: *mut c_void,
    device: Device,
}

// SAFETY: handles of the driver, which may be used from any thread.
unsafe impl Send for Kernel {}
// SAFETY: as above; nothing is changed through them.
unsafe impl Sync for Kernel {}

impl Module {
    /// Compiles for the GPU that is there, and loads.
    ///
    /// # Errors
    /// With the compiler's or the driver's words.
    pub fn load(source: &str, device: Device) -> Result<Module, String> {
        // The driver's functions work in a context, which torch makes this thread's own with the first thing it does.
        let _ = Tensor::zeros([1], (tch::Kind::Float, device)).double_value(&[0]);
        let mut capability = 0;
        // SAFETY: one number is written.
        let message = unsafe { glim_gpu_capability(&mut capability, number(device)) };
        if let Some(message) = door::take(message) {
            return Err(message);
        }
        let code = compile(source, &format!("sm_{capability}"))?;
        let mut module = std::ptr::null_mut();
        // SAFETY: `code` is what the compiler made, and is copied.
        match door::take(unsafe { glim_gpu_load(&mut module, code.as_ptr().cast()) }) {
            Some(message) => Err(message),
            None => Ok(Module { module, device }),
        }
    }

    /// A kernel by its name, which may ask for `shared_bytes` of memory within a block.
    ///
    /// # Panics
    /// If there is none: sources and names are ours.
    pub fn kernel(&self, name: &CStr, shared_bytes: usize) -> Kernel {
        let mut function = std::ptr::null_mut();
        let shared_bytes = i32::try_from(shared_bytes).expect("a block has little memory");
        // SAFETY: the module is loaded, the name is a string of C.
        door::succeed(unsafe { glim_gpu_function(&mut function, self.module, name.as_ptr(), shared_bytes) });
        Kernel { function, device: self.device }
    }
}

/// One argument of a kernel.
pub(crate) enum Argument<'a> {
    /// Where a tensor's numbers begin; it is dense.
    Tensor(&'a Tensor),
    Int(i32),
    Long(i64),
    Float(f32),
}

impl Kernel {
    /// Starts it on the current stream.
    ///
    /// # Safety
    /// The arguments are those of the kernel's source, in order, and what it reads and writes lies within the tensors.
    pub(crate) unsafe fn launch(&self, grid: [u32; 3], block: u32, shared: usize, arguments: &[Argument<'_>]) {
        // Each value in eight bytes of its own, to which the driver gets a pointer.
        let mut values: Vec<[u8; 8]> = arguments
            .iter()
            .map(|argument| {
                let mut bytes = [0; 8];
                match argument {
                    Argument::Tensor(tensor) => bytes = (tensor.data_ptr() as usize as u64).to_ne_bytes(),
                    Argument::Int(value) => bytes[..4].copy_from_slice(&value.to_ne_bytes()),
                    Argument::Long(value) => bytes = value.to_ne_bytes(),
                    Argument::Float(value) => bytes[..4].copy_from_slice(&value.to_ne_bytes()),
                }
                bytes
            })
            .collect();
        let mut pointers: Vec<*mut c_void> = values.iter_mut().map(|value| value.as_mut_ptr().cast()).collect();
        let block = [block, 1, 1];
        let shared = u32::try_from(shared).expect("a block has little memory");
        // SAFETY: the caller's; pointers and values live until the driver has copied them, during the call.
        door::succeed(unsafe {
            glim_gpu_launch(
                self.function,
                grid.as_ptr(),
                block.as_ptr(),
                shared,
                pointers.as_mut_ptr(),
                number(self.device),
            )
        });
    }
}
