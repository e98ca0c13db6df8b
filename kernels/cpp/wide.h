// What loops on the CPU share: one version of each for each width of vector, of which the loader picks.
#pragma once
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "door.h"

#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

namespace glim {

// Rows given to a thread at least, so that small steps stay on one.
inline int64_t grain(int64_t work_per_row) {
    return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, work_per_row));
}

inline void check(const at::Tensor& tensor, const char* name) {
    TORCH_CHECK(tensor.is_cpu() && tensor.scalar_type() == at::kFloat, name, " is f32 on the CPU");
}

// exp for arguments that do not overflow, to one unit in the last place or two; without branches, so that it is
// vectorised. Range reduction by powers of two, then a polynomial of degree 6.
inline __attribute__((always_inline)) float exponential(float x) {
    x = std::min(88.0f, std::max(-87.0f, x));
    const float n = std::floor(x * 1.44269504f + 0.5f);
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    union {
        int32_t bits;
        float value;
    } power;
    power.bits = (static_cast<int32_t>(n) + 127) << 23;
    return p * power.value;
}

}  // namespace glim
