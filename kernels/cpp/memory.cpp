// How much memory a GPU has left.
#include <ATen/DeviceAccelerator.h>

#include "door.h"

extern "C" char* glim_free_gpu_bytes(uint64_t* free, int64_t device) {
    return glim::guarded([&] {
        *free = at::getDeviceAllocator(at::kCUDA)->getMemoryInfo(static_cast<c10::DeviceIndex>(device)).first;
    });
}
