// What lies between the matrix products of a training step in bf16, forth and back. Compiled at run time. Each kernel has its
// definition in plain torch operations beside it, in Rust. Eight numbers, 16 bytes, are read and written at a time.

struct Eight {
    float at[8];
};

__device__ __forceinline__ Eight read_eight(const half_t* from) {
    const uint4 bits = *reinterpret_cast<const uint4*>(from);
    const unsigned words[4] = {bits.x, bits.y, bits.z, bits.w};
    Eight out;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        out.at[2 * i] = __uint_as_float(words[i] << 16);
        out.at[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
    }
    return out;
}

__device__ __forceinline__ void write_eight(half_t* to, const Eight& values) {
    unsigned words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i)
        words[i] = (unsigned)narrow(values.at[2 * i]) | ((unsigned)narrow(values.at[2 * i + 1]) << 16);
    *reinterpret_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
}

// Turns pairs by their angles, or back with sign -1. `from`: rows of `stride` numbers, `heads` heads of `head_dim` in each;
// `to`: dense; `cos`, `sin`: [rows, half]. A thread for each eight numbers.
extern "C" __global__ void turn(half_t* to, const half_t* from, const float* cos, const float* sin, long groups,
                                long stride, int heads, int head_dim, int half, int neighbours, float sign) {
    const long group = (long)blockIdx.x * blockDim.x + threadIdx.x;
    if (group >= groups) return;
    const int in_head = head_dim / 8;
    const int d = (int)(group % in_head) * 8;
    const int head = (int)(group / in_head % heads);
    const long row = group / in_head / heads;
    const half_t* base = from + row * stride + (long)head * head_dim;
    Eight x = read_eight(base + d);
    if (d < 2 * half) {
        const float *c = cos + row * half, *s = sin + row * half;
        if (neighbours) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float a = x.at[2 * i], b = x.at[2 * i + 1];
                const float co = c[d / 2 + i], si = s[d / 2 + i] * sign;
                x.at[2 * i] = a * co - b * si;
                x.at[2 * i + 1] = b * co + a * si;
            }
        } else {
            const bool first = d < half;
            const int j = first ? d : d - half;
            const Eight other = read_eight(base + (first ? d + half : j));
            const float side = first ? -sign : sign;
#pragma unroll
            for (int i = 0; i < 8; ++i) x.at[i] = x.at[i] * c[j + i] + other.at[i] * s[j + i] * side;
        }
    }
    write_eight(to + group * 8, x);
}

// silu(gate) * up. `gate`, `up`: rows of `stride` numbers, `width` of which are read; `out`: dense.
extern "C" __global__ void swiglu(half_t* out, const half_t* gate, const half_t* up, long groups, long stride, int width) {
    const long group = (long)blockIdx.x * blockDim.x + threadIdx.x;
    if (group >= groups) return;
    const long at = group / (width / 8) * stride + group % (width / 8) * 8;
    const Eight g = read_eight(gate + at), u = read_eight(up + at);
    Eight result;
#pragma unroll
    for (int i = 0; i < 8; ++i) result.at[i] = g.at[i] / (1.0f + __expf(-g.at[i])) * u.at[i];
    write_eight(out + group * 8, result);
}

// Its gradients, in the layout of what was read. `gradient`: dense.
extern "C" __global__ void swiglu_back(half_t* gate_out, half_t* up_out, const half_t* gradient, const half_t* gate,
                                       const half_t* up, long groups, long stride, int width) {
    const long group = (long)blockIdx.x * blockDim.x + threadIdx.x;
    if (group >= groups) return;
    const long at = group / (width / 8) * stride + group % (width / 8) * 8;
    const Eight g = read_eight(gate + at), u = read_eight(up + at), d = read_eight(gradient + group * 8);
    Eight to_gate, to_up;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const float open = 1.0f / (1.0f + __expf(-g.at[i])), silu = g.at[i] * open;
        to_up.at[i] = d.at[i] * silu;
        to_gate.at[i] = d.at[i] * u.at[i] * (open + silu * (1.0f - open));
    }
    write_eight(gate_out + at, to_gate);
    write_eight(up_out + at, to_up);
}

// Negative log-likelihood of each row's id, in nats. With `wanted`, the logits become their gradient, times the row's weight.
// A block for each row, of 1,024 threads.
extern "C" __global__ void likelihood(float* each, half_t* logits, const long* ids, const float* weights, int vocab,
                                      int wanted) {
    __shared__ float largest_parts[32];
    half_t* row = logits + (long)blockIdx.x * vocab;
    // Each thread's largest and its sum relative to it, in one pass.
    float largest = -INFINITE, total = 0.0f;
    for (int i = threadIdx.x * 8; i < vocab; i += blockDim.x * 8) {
        const Eight x = read_eight(row + i);
        float top = x.at[0];
#pragma unroll
        for (int k = 1; k < 8; ++k) top = fmaxf(top, x.at[k]);
        if (top > largest) {
            total *= __expf(largest - top);
            largest = top;
        }
#pragma unroll
        for (int k = 0; k < 8; ++k) total += __expf(x.at[k] - largest);
    }
    float top = largest;
    for (int step = 16; step > 0; step >>= 1) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, step));
    if ((threadIdx.x & 31) == 0) largest_parts[threadIdx.x >> 5] = top;
    __syncthreads();
    top = (threadIdx.x & 31) < (blockDim.x >> 5) ? largest_parts[threadIdx.x & 31] : -INFINITE;
    for (int step = 16; step > 0; step >>= 1) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, step));
    total = sum_over_block(total > 0.0f ? total * __expf(largest - top) : 0.0f);
    const long id = ids[blockIdx.x];
    if (threadIdx.x == 0) each[blockIdx.x] = logf(total) + top - widen(row[id]);
    if (!wanted) return;
    // The id's own logit has been read by then.
    __syncthreads();
    const float weight = weights[blockIdx.x], scale = weight / total;
    for (int i = threadIdx.x * 8; i < vocab; i += blockDim.x * 8) {
        Eight x = read_eight(row + i);
#pragma unroll
        for (int k = 0; k < 8; ++k) x.at[k] = __expf(x.at[k] - top) * scale - (i + k == id ? weight : 0.0f);
        write_eight(row + i, x);
    }
}
