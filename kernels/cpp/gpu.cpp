// The GPU without CUDA's headers: streams and memory through libtorch's device-independent half, recorded work through
// the symbols of libtorch_cuda once it is open, kernels through the compiler that comes with it.
#include "door.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <memory>
#include <mutex>

using at::Tensor;

namespace {

template <class F>
F symbol(void* library, const char* name) {
    auto found = reinterpret_cast<F>(dlsym(library, name));
    TORCH_CHECK(found != nullptr, name, " is not in the CUDA part of libtorch; version 2.11 is needed");
    return found;
}

c10::impl::VirtualGuardImpl gpu() { return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA); }

// An object of class at::cuda::CUDAGraph of libtorch 2.11, in more room than it takes.
struct Graph {
    Graph() {
        symbol<void (*)(void*, bool)>(RTLD_DEFAULT, "_ZN2at4cuda9CUDAGraphC1Eb")(self(), false);
    }
    ~Graph() { symbol<void (*)(void*)>(RTLD_DEFAULT, "_ZN2at4cuda9CUDAGraphD1Ev")(self()); }
    void* self() { return room; }

    alignas(64) char room[4096] = {};
};

using Body = void (*)(void* closure, char** error);

// The driver's and the compiler's functions that are used, with plain types in place of their own.
struct Driver {
    int (*create)(void**, const char*, const char*, int, const char* const*, const char* const*);
    int (*compile)(void*, int, const char* const*);
    int (*log_size)(void*, size_t*);
    int (*log)(void*, char*);
    int (*code_size)(void*, size_t*);
    int (*code)(void*, char*);
    int (*destroy)(void**);
    int (*load)(void**, const void*);
    int (*function)(void**, void*, const char*);
    int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
    int (*attribute)(int*, int, int);
    int (*function_attribute)(void*, int, int);
};

const Driver& driver() {
    static const Driver found = [] {
        // Torch's own wrapper around both; looking a name up in it looks into what it links.
        void* library = dlopen("libcaffe2_nvrtc.so", RTLD_LAZY | RTLD_GLOBAL);
        TORCH_CHECK(library != nullptr, "libcaffe2_nvrtc.so could not be loaded: ", dlerror());
        Driver driver;
        driver.create = symbol<decltype(driver.create)>(library, "nvrtcCreateProgram");
        driver.compile = symbol<decltype(driver.compile)>(library, "nvrtcCompileProgram");
        driver.log_size = symbol<decltype(driver.log_size)>(library, "nvrtcGetProgramLogSize");
        driver.log = symbol<decltype(driver.log)>(library, "nvrtcGetProgramLog");
        driver.code_size = symbol<decltype(driver.code_size)>(library, "nvrtcGetCUBINSize");
        driver.code = symbol<decltype(driver.code)>(library, "nvrtcGetCUBIN");
        driver.destroy = symbol<decltype(driver.destroy)>(library, "nvrtcDestroyProgram");
        driver.load = symbol<decltype(driver.load)>(library, "cuModuleLoadData");
        driver.function = symbol<decltype(driver.function)>(library, "cuModuleGetFunction");
        driver.launch = symbol<decltype(driver.launch)>(library, "cuLaunchKernel");
        driver.attribute = symbol<decltype(driver.attribute)>(library, "cuDeviceGetAttribute");
        driver.function_attribute = symbol<decltype(driver.function_attribute)>(library, "cuFuncSetAttribute");
        return driver;
    }();
    return found;
}

}  // namespace

extern "C" {

// Bytes in use, at their peak, and kept by the allocator; of the card, free and in all.
char* glim_gpu_memory(int64_t* numbers, int device) {
    return glim::guarded([&] {
        auto* allocator = at::getDeviceAllocator(c10::DeviceType::CUDA);
        const auto index = static_cast<c10::DeviceIndex>(device);
        const auto stats = allocator->getDeviceStats(index);
        const auto card = allocator->getMemoryInfo(index);
        numbers[0] = stats.allocated_bytes[0].current;
        numbers[1] = stats.allocated_bytes[0].peak;
        numbers[2] = stats.reserved_bytes[0].current;
        numbers[3] = static_cast<int64_t>(card.first);
        numbers[4] = static_cast<int64_t>(card.second);
    });
}

char* glim_gpu_empty_cache() {
    return glim::guarded([] { at::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache(); });
}

char* glim_gpu_record(void** graph, void* closure, Body body, int device) {
    return glim::guarded([&] {
        const c10::Device place(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
        gpu().synchronizeDevice(place.index());
        auto recorded = std::make_unique<Graph>();
        {
            c10::StreamGuard guard(gpu().getStreamFromGlobalPool(place));
            using Begin = void (*)(void*, std::pair<unsigned long long, unsigned long long>, int);
            // Mode 1: other threads may go on using the device.
            symbol<Begin>(RTLD_DEFAULT, "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode")(
                recorded->self(), {0, 0}, 1);
            char* error = nullptr;
            body(closure, &error);
            symbol<void (*)(void*)>(RTLD_DEFAULT, "_ZN2at4cuda9CUDAGraph11capture_endEv")(recorded->self());
            if (error != nullptr) {
                std::string message(error);
                free(error);
                throw std::runtime_error(message);
            }
        }
        *graph = recorded.release();
    });
}

char* glim_gpu_replay(void* graph) {
    return glim::guarded([&] {
        symbol<void (*)(void*)>(RTLD_DEFAULT, "_ZN2at4cuda9CUDAGraph6replayEv")(static_cast<Graph*>(graph)->self());
    });
}

void glim_gpu_forget(void* graph) {
    char* message = glim::guarded([&] { delete static_cast<Graph*>(graph); });
    free(message);
}

// Compiles a source for `arch`, such as sm_90. Gives the code, which the caller frees.
char* glim_gpu_compile(char** code, size_t* size, const char* source, const char* arch) {
    return glim::guarded([&] {
        const Driver& nv = driver();
        void* program = nullptr;
        TORCH_CHECK(nv.create(&program, source, "glim.cu", 0, nullptr, nullptr) == 0, "nvrtcCreateProgram failed");
        const std::string target = std::string("--gpu-architecture=") + arch;
        const char* options[] = {target.c_str(), "--std=c++17"};
        const int result = nv.compile(program, 2, options);
        if (result != 0) {
            size_t length = 0;
            nv.log_size(program, &length);
            std::string log(length, ' ');
            nv.log(program, log.data());
            nv.destroy(&program);
            throw std::runtime_error("a kernel could not be compiled: " + log);
        }
        nv.code_size(program, size);
        *code = static_cast<char*>(malloc(*size));
        nv.code(program, *code);
        nv.destroy(&program);
    });
}

char* glim_gpu_load(void** module, const char* code) {
    return glim::guarded([&] {
        const int result = driver().load(module, code);
        TORCH_CHECK(result == 0, "cuModuleLoadData gave ", result);
    });
}

char* glim_gpu_function(void** function, void* module, const char* name, int shared_bytes) {
    return glim::guarded([&] {
        TORCH_CHECK(driver().function(function, module, name) == 0, "there is no kernel ", name);
        // 8: the most dynamic shared memory that it may ask for.
        if (shared_bytes > 0) driver().function_attribute(*function, 8, shared_bytes);
    });
}

// `arguments`: pointers to the values, as the driver wants them.
char* glim_gpu_launch(void* function, const unsigned* grid, const unsigned* block, unsigned shared, void** arguments,
                      int device) {
    return glim::guarded([&] {
        const c10::Device place(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
        void* stream = gpu().getStream(place).native_handle();
        const int result = driver().launch(function, grid[0], grid[1], grid[2], block[0], block[1], block[2], shared,
                                           stream, arguments, nullptr);
        TORCH_CHECK(result == 0, "cuLaunchKernel gave ", result);
    });
}

// Compute capability, ten times the major number plus the minor.
char* glim_gpu_capability(int* number, int device) {
    return glim::guarded([&] {
        int major = 0, minor = 0;
        TORCH_CHECK(driver().attribute(&major, 75, device) == 0 && driver().attribute(&minor, 76, device) == 0,
                    "the device does not say what it is");
        *number = 10 * major + minor;
    });
}

}  // extern "C"
