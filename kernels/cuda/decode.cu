// One decoding step of the dense decoder in bf16: what lies between the matrix products. Compiled at run time.
// Each kernel has its definition in plain torch operations beside it, in Rust.

// hidden = residual + norm(part, inner); normed = norm(hidden, outer). One block for each row.
extern "C" __global__ void add_norms(half_t* hidden, half_t* normed, const half_t* residual, const half_t* part,
                                     const half_t* inner, const half_t* outer, int width, float epsilon) {
    extern __shared__ float row[];
    const long base = (long)blockIdx.x * width;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        const float x = widen(part[base + i]);
        row[i] = x;
        squares += x * x;
    }
    float scale = rsqrtf(sum_over_block(squares) / width + epsilon);
    squares = 0.0f;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        const half_t sum = narrow(widen(residual[base + i]) +
                                            row[i] * scale * widen(inner[i]));
        hidden[base + i] = sum;
        const float x = widen(sum);
        row[i] = x;
        squares += x * x;
    }
    scale = rsqrtf(sum_over_block(squares) / width + epsilon);
    for (int i = threadIdx.x; i < width; i += blockDim.x)
        normed[base + i] = narrow(row[i] * scale * widen(outer[i]));
}

// Turns queries and keys by neighbours, and puts keys and values into the cache. `joined`: [rows, heads + 2 * kv_heads,
// head_dim]; `cos`, `sin`: [rows, half]; caches: [slots, kv_heads, capacity, head_dim]. A block for each head and row.
extern "C" __global__ void turn_and_keep(half_t* query, half_t* keys, half_t* values, const half_t* joined,
                                         const float* cos, const float* sin, const long* slots, const long* lengths,
                                         int heads, int kv_heads, int head_dim, int half, long capacity) {
    const int head = blockIdx.x, row = blockIdx.y, pair = threadIdx.x;
    if (2 * pair >= head_dim) return;
    const half_t* from = joined + ((long)row * (heads + 2 * kv_heads) + head) * head_dim + 2 * pair;
    float a = widen(from[0]), b = widen(from[1]);
    if (pair < half && head < heads + kv_heads) {
        const float c = cos[(long)row * half + pair], s = sin[(long)row * half + pair];
        const float turned = a * c - b * s;
        b = b * c + a * s;
        a = turned;
    }
    half_t* to;
    if (head < heads) {
        to = query + ((long)row * heads + head) * head_dim;
    } else {
        const bool is_key = head < heads + kv_heads;
        const int kv = head - heads - (is_key ? 0 : kv_heads);
        to = (is_key ? keys : values) + ((slots[row] * kv_heads + kv) * capacity + lengths[row]) * head_dim;
    }
    to[2 * pair] = narrow(a);
    to[2 * pair + 1] = narrow(b);
}

// Weights over the first lengths[row] + 1 of `span` scores, zero past them. A block for each row and head.
extern "C" __global__ void weigh(half_t* weights, const half_t* scores, const long* lengths, int heads, int span,
                                 float scale) {
    const int row = blockIdx.x / heads;
    const int seen = (int)lengths[row] + 1;
    const half_t* from = scores + (long)blockIdx.x * span;
    half_t* to = weights + (long)blockIdx.x * span;
    float total = 0.0f;
    __shared__ float largest_parts[32];
    float largest = -INFINITE;
    for (int t = threadIdx.x; t < seen; t += blockDim.x) largest = fmaxf(largest, widen(from[t]));
    for (int step = 16; step > 0; step >>= 1) largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, step));
    if ((threadIdx.x & 31) == 0) largest_parts[threadIdx.x >> 5] = largest;
    __syncthreads();
    largest = (threadIdx.x & 31) < (blockDim.x >> 5) ? largest_parts[threadIdx.x & 31] : -INFINITE;
    for (int step = 16; step > 0; step >>= 1) largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, step));
    for (int t = threadIdx.x; t < seen; t += blockDim.x)
        total += __expf((widen(from[t]) - largest) * scale);
    total = sum_over_block(total);
    for (int t = threadIdx.x; t < span; t += blockDim.x)
        to[t] = narrow(t < seen ? __expf((widen(from[t]) - largest) * scale) / total : 0.0f);
}

// silu(gate) * up over [rows, 2 * width].
extern "C" __global__ void gate(half_t* out, const half_t* gate_up, int width) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= width) return;
    const half_t* row = gate_up + (long)blockIdx.y * 2 * width;
    const float g = widen(row[i]), u = widen(row[width + i]);
    out[(long)blockIdx.y * width + i] = narrow(g / (1.0f + __expf(-g)) * u);
}
