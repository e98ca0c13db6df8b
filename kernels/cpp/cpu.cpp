// Loops of one decoding step on the CPU, in f32. What they save is passes over memory and calls: a step of a small model
// is some hundred operations of a few microseconds each. Compiled with -ffast-math, so that sums may be reordered.
#include <cstdlib>
#include <vector>

#include "wide.h"

using at::Tensor;
using glim::check;
using glim::exponential;
using glim::grain;

namespace {

WIDE void norm_row(float* out, const float* in, const float* weight, int64_t width, float epsilon) {
    float squares = 0;
    for (int64_t i = 0; i < width; ++i) squares += in[i] * in[i];
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(width) + epsilon);
    for (int64_t i = 0; i < width; ++i) out[i] = in[i] * scale * weight[i];
}

WIDE void add_norm_row(float* out, const float* in, const float* weight, const float* residual, int64_t width,
                       float epsilon) {
    float squares = 0;
    for (int64_t i = 0; i < width; ++i) squares += in[i] * in[i];
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(width) + epsilon);
    for (int64_t i = 0; i < width; ++i) out[i] = residual[i] + in[i] * scale * weight[i];
}

WIDE void rotate_pairs(float* head, const float* cos, const float* sin, int64_t half) {
    for (int64_t i = 0; i < half; ++i) {
        const float a = head[2 * i], b = head[2 * i + 1];
        head[2 * i] = a * cos[i] - b * sin[i];
        head[2 * i + 1] = b * cos[i] + a * sin[i];
    }
}

WIDE void rotate_halves(float* head, const float* cos, const float* sin, int64_t half) {
    for (int64_t i = 0; i < half; ++i) {
        const float a = head[i], b = head[half + i];
        head[i] = a * cos[i] - b * sin[i];
        head[half + i] = b * cos[i] + a * sin[i];
    }
}

// One key-value head of one row: `group` queries over `length` keys. `scores`: [group, length] of scratch.
WIDE void attend(float* out, const float* query, const float* keys, const float* values, float* scores, int64_t group,
                 int64_t length, int64_t width, float scale) {
    for (int64_t t = 0; t < length; ++t) {
        const float* key = keys + t * width;
        for (int64_t g = 0; g < group; ++g) {
            const float* q = query + g * width;
            float sum = 0;
            for (int64_t i = 0; i < width; ++i) sum += q[i] * key[i];
            scores[g * length + t] = sum * scale;
        }
    }
    for (int64_t g = 0; g < group; ++g) {
        float* row = scores + g * length;
        float largest = row[0];
        for (int64_t t = 1; t < length; ++t) largest = std::max(largest, row[t]);
        float total = 0;
        for (int64_t t = 0; t < length; ++t) {
            row[t] = exponential(row[t] - largest);
            total += row[t];
        }
        for (int64_t t = 0; t < length; ++t) row[t] /= total;
        std::fill(out + g * width, out + (g + 1) * width, 0.0f);
    }
    for (int64_t t = 0; t < length; ++t) {
        const float* value = values + t * width;
        for (int64_t g = 0; g < group; ++g) {
            const float weight = scores[g * length + t];
            float* o = out + g * width;
            for (int64_t i = 0; i < width; ++i) o[i] += weight * value[i];
        }
    }
}

// Sixteen numbers, however many registers they take.
typedef float Lanes __attribute__((vector_size(64)));

inline __attribute__((always_inline)) Lanes lanes(const float* from) {
    Lanes result;
    __builtin_memcpy(&result, from, sizeof result);
    return result;
}

inline __attribute__((always_inline)) float sum(const Lanes& all) {
    float total = 0;
    for (int i = 0; i < 16; ++i) total += all[i];
    return total;
}

// COUNT inputs times `rows` rows of a matrix: each row is read once for all of them.
#define FEW(COUNT)                                                                                                 \
    WIDE void few_##COUNT(float* out, int64_t out_step, const float* in, const float* matrix, const float* bias,   \
                          int64_t rows, int64_t width) {                                                           \
        for (int64_t row = 0; row < rows; ++row) {                                                                 \
            const float* weights = matrix + row * width;                                                           \
            Lanes sums[COUNT] = {};                                                                                \
            int64_t i = 0;                                                                                         \
            for (; i + 16 <= width; i += 16) {                                                                     \
                const Lanes weight = lanes(weights + i);                                                           \
                for (int n = 0; n < COUNT; ++n) sums[n] += weight * lanes(in + n * width + i);                     \
            }                                                                                                      \
            for (int n = 0; n < COUNT; ++n) {                                                                      \
                float total = sum(sums[n]) + (bias ? bias[row] : 0.0f);                                            \
                for (int64_t j = i; j < width; ++j) total += weights[j] * in[n * width + j];                       \
                out[n * out_step + row] = total;                                                                   \
            }                                                                                                      \
        }                                                                                                          \
    }

FEW(1) FEW(2) FEW(3) FEW(4) FEW(5) FEW(6) FEW(7) FEW(8)
#undef FEW

}  // namespace

// Weights are read from end to end at every step, and with small pages a good part of the time goes into looking up where
// they lie. Torch asks for large ones where this is set before its first tensor; who has set it otherwise is heard.
__attribute__((constructor)) void prefer_large_pages() { setenv("THP_MEM_ALLOC_ENABLE", "1", 0); }

extern "C" {

// `input`: [inputs, width] of few rows; `matrix`: [rows, width]; gives [inputs, rows]. A library's product is made for
// many rows; with few, all that counts is to read the matrix once.
char* glim_cpu_linear(Tensor** output, const Tensor* input, const Tensor* matrix, const Tensor* bias) {
    return glim::guarded([&] {
        check(*input, "input");
        check(*matrix, "matrix");
        TORCH_CHECK(input->dim() == 2 && matrix->dim() == 2 && input->size(1) == matrix->size(1),
                    "[inputs, width] times [rows, width]");
        const Tensor in = input->contiguous(), weights = matrix->contiguous();
        const int64_t inputs = in.size(0), width = in.size(1), rows = weights.size(0);
        Tensor out = at::empty({inputs, rows}, in.options());
        using Few = void (*)(float*, int64_t, const float*, const float*, const float*, int64_t, int64_t);
        static const Few few[] = {few_1, few_2, few_3, few_4, few_5, few_6, few_7, few_8};
        const float *from = in.const_data_ptr<float>(), *all = weights.const_data_ptr<float>();
        const float* add = bias ? bias->const_data_ptr<float>() : nullptr;
        float* to = out.data_ptr<float>();
        // Few enough rows at a time that they are still at hand for the next eight inputs.
        const int64_t block = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, width));
        at::parallel_for(0, rows, grain(width * inputs), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row += block)
                for (int64_t first = 0; first < inputs; first += 8) {
                    const int64_t count = std::min<int64_t>(8, inputs - first);
                    few[count - 1](to + first * rows + row, rows, from + first * width, all + row * width,
                                   add ? add + row : nullptr, std::min(block, end - row), width);
                }
        });
        *output = new Tensor(out);
    });
}

// `input`: [rows, width]; with `residual`, the norm is added to it.
char* glim_cpu_rms_norm(Tensor** output, const Tensor* input, const Tensor* weight, const Tensor* residual,
                        double epsilon) {
    return glim::guarded([&] {
        check(*input, "input");
        const Tensor in = input->contiguous();
        const Tensor base = residual ? residual->contiguous() : Tensor();
        Tensor out = at::empty_like(in);
        const int64_t width = in.size(-1), rows = in.numel() / std::max<int64_t>(1, width);
        const float *from = in.const_data_ptr<float>(), *scale = weight->const_data_ptr<float>();
        const float* add = residual ? base.const_data_ptr<float>() : nullptr;
        float* to = out.data_ptr<float>();
        at::parallel_for(0, rows, grain(width), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const int64_t at = row * width;
                if (add)
                    add_norm_row(to + at, from + at, scale, add + at, width, epsilon);
                else
                    norm_row(to + at, from + at, scale, width, epsilon);
            }
        });
        *output = new Tensor(out);
    });
}

// `heads`: [tokens, heads, head_dim], its last dimension dense, changed in place; `cos`, `sin`: [tokens, half].
char* glim_cpu_rotate(Tensor* heads, const Tensor* cos, const Tensor* sin, bool interleaved) {
    return glim::guarded([&] {
        check(*heads, "heads");
        TORCH_CHECK(heads->dim() == 3 && heads->stride(2) == 1, "heads are [tokens, heads, head_dim]");
        const int64_t tokens = heads->size(0), count = heads->size(1), half = cos->size(-1);
        const int64_t token_step = heads->stride(0), head_step = heads->stride(1);
        float* all = heads->data_ptr<float>();
        const float *c = cos->const_data_ptr<float>(), *s = sin->const_data_ptr<float>();
        at::parallel_for(0, tokens, grain(count * half), [&](int64_t begin, int64_t end) {
            for (int64_t token = begin; token < end; ++token)
                for (int64_t head = 0; head < count; ++head) {
                    float* at = all + token * token_step + head * head_step;
                    if (interleaved)
                        rotate_pairs(at, c + token * half, s + token * half, half);
                    else
                        rotate_halves(at, c + token * half, s + token * half, half);
                }
        });
    });
}

// One new token for each row. `query`: [rows, heads, head_dim]; `key`, `value`: [rows, kv_heads, head_dim];
// `keys`, `values`: [slots, kv_heads, capacity, head_dim]; `slots`, `lengths`: what each row's slot is and how many
// tokens it held before. The new keys and values are put there first. Gives [rows, heads * head_dim].
char* glim_cpu_decode_attention(Tensor** output, const Tensor* query, const Tensor* key, const Tensor* value,
                                Tensor* keys, Tensor* values, const int64_t* slots, const int64_t* lengths,
                                double scale) {
    return glim::guarded([&] {
        check(*query, "query");
        check(*keys, "keys");
        TORCH_CHECK(query->stride(2) == 1 && query->stride(1) == query->size(2), "the heads of a query lie together");
        TORCH_CHECK(key->stride(2) == 1 && value->stride(2) == 1, "the last dimension is dense");
        TORCH_CHECK(keys->is_contiguous() && values->is_contiguous(), "the cache is dense");
        const int64_t rows = query->size(0), heads = query->size(1), width = query->size(2);
        const int64_t kv_heads = keys->size(1), capacity = keys->size(2), group = heads / kv_heads;
        int64_t longest = 0;
        for (int64_t row = 0; row < rows; ++row) {
            TORCH_CHECK(slots[row] >= 0 && slots[row] < keys->size(0), "slot ", slots[row], " is there");
            TORCH_CHECK(lengths[row] >= 0 && lengths[row] < capacity, "slot ", slots[row], " has room");
            longest = std::max(longest, lengths[row] + 1);
        }
        Tensor out = at::empty({rows, heads * width}, query->options());
        float *to = out.data_ptr<float>(), *all_keys = keys->data_ptr<float>(), *all_values = values->data_ptr<float>();
        const float *q = query->const_data_ptr<float>(), *k = key->const_data_ptr<float>(),
                    *v = value->const_data_ptr<float>();
        const int64_t q_step = query->stride(0), k_step = key->stride(0), k_head = key->stride(1),
                      v_step = value->stride(0), v_head = value->stride(1);
        at::parallel_for(0, rows * kv_heads, 1, [&](int64_t begin, int64_t end) {
            std::vector<float> scores(group * longest);
            for (int64_t i = begin; i < end; ++i) {
                const int64_t row = i / kv_heads, head = i % kv_heads, length = lengths[row];
                const int64_t base = (slots[row] * kv_heads + head) * capacity * width;
                std::copy_n(k + row * k_step + head * k_head, width, all_keys + base + length * width);
                std::copy_n(v + row * v_step + head * v_head, width, all_values + base + length * width);
                attend(to + (row * heads + head * group) * width, q + row * q_step + head * group * width,
                       all_keys + base, all_values + base, scores.data(), group, length + 1, width, scale);
            }
        });
        *output = new Tensor(out);
    });
}

}  // extern "C"
