// What the sources share; each is compiled with this before it.

// bf16 as its bits, so that no header of CUDA is needed where this is compiled.
typedef unsigned short half_t;

#define INFINITE __int_as_float(0x7f800000)

__device__ __forceinline__ float widen(half_t bits) { return __uint_as_float((unsigned)bits << 16); }

// To the nearest, ties to even.
__device__ __forceinline__ half_t narrow(float value) {
    // A NaN's bits could be carried over into a zero's.
    if (value != value) return 0x7fff;
    const unsigned bits = __float_as_uint(value);
    return (half_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

__device__ __forceinline__ float sum_over_block(float value) {
    __shared__ float parts[32];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    for (int step = 16; step > 0; step >>= 1) value += __shfl_xor_sync(0xffffffffu, value, step);
    __syncthreads();
    if (lane == 0) parts[warp] = value;
    __syncthreads();
    value = lane < (blockDim.x >> 5) ? parts[lane] : 0.0f;
    for (int step = 16; step > 0; step >>= 1) value += __shfl_xor_sync(0xffffffffu, value, step);
    return value;
}
