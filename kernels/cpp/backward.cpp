// Fused operations that know their gradients, in f32 on the CPU. In plain operations each is a dozen passes over memory,
// most of them on the way back. Compiled with -ffast-math, so that sums may be reordered.
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "wide.h"

using at::Tensor;
using glim::check;
using glim::exponential;
using glim::grain;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

WIDE float norm_row(float* out, const float* in, const float* weight, int64_t width, float epsilon) {
    float squares = 0;
    for (int64_t i = 0; i < width; ++i) squares += in[i] * in[i];
    const float scale = 1.0f / std::sqrt(squares / static_cast<float>(width) + epsilon);
    for (int64_t i = 0; i < width; ++i) out[i] = in[i] * scale * weight[i];
    return scale;
}

// `shares`: this thread's part of the gradient of the weight.
WIDE void norm_row_back(float* out, float* shares, const float* gradient, const float* in, const float* weight,
                        float scale, int64_t width) {
    float along = 0;
    for (int64_t i = 0; i < width; ++i) {
        along += gradient[i] * weight[i] * in[i];
        shares[i] += gradient[i] * in[i] * scale;
    }
    const float back = along * scale * scale / static_cast<float>(width);
    for (int64_t i = 0; i < width; ++i) out[i] = scale * (gradient[i] * weight[i] - in[i] * back);
}

WIDE void gate_row(float* out, const float* gate, const float* up, int64_t width) {
    for (int64_t i = 0; i < width; ++i) out[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

WIDE void gate_row_back(float* gate_out, float* up_out, const float* gradient, const float* gate, const float* up,
                        int64_t width) {
    for (int64_t i = 0; i < width; ++i) {
        const float open = 1.0f / (1.0f + exponential(-gate[i])), silu = gate[i] * open;
        up_out[i] = gradient[i] * silu;
        gate_out[i] = gradient[i] * up[i] * (open + silu * (1.0f - open));
    }
}

struct Norm : torch::autograd::Function<Norm> {
    static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight, double epsilon) {
        const Tensor in = input.contiguous();
        const int64_t width = in.size(-1), rows = in.numel() / width;
        Tensor out = at::empty_like(in), scales = at::empty({rows}, in.options());
        const float *from = in.const_data_ptr<float>(), *by = weight.const_data_ptr<float>();
        float *to = out.data_ptr<float>(), *scale = scales.data_ptr<float>();
        at::parallel_for(0, rows, grain(width), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row)
                scale[row] = norm_row(to + row * width, from + row * width, by, width, epsilon);
        });
        context->save_for_backward({in, weight, scales});
        return out;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const Tensor &in = saved[0], &weight = saved[1], &scales = saved[2];
        const Tensor gradient = gradients[0].contiguous();
        const int64_t width = in.size(-1), rows = in.numel() / width;
        Tensor out = at::empty_like(in);
        // A row of shares for each thread, added up at the end: the same sums in the same order for as many threads.
        const int64_t parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows));
        Tensor shares = at::zeros({parts, width}, in.options());
        const float *from = in.const_data_ptr<float>(), *by = weight.const_data_ptr<float>(),
                    *scale = scales.const_data_ptr<float>(), *with = gradient.const_data_ptr<float>();
        float *to = out.data_ptr<float>(), *sums = shares.data_ptr<float>();
        at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
            for (int64_t part = begin; part < end; ++part)
                for (int64_t row = part * rows / parts; row < (part + 1) * rows / parts; ++row) {
                    const int64_t at = row * width;
                    norm_row_back(to + at, sums + part * width, with + at, from + at, by, scale[row], width);
                }
        });
        return {out, shares.sum(0), Tensor()};
    }
};

// silu(gate) * up, of two tensors or of two halves of one.
struct Gate : torch::autograd::Function<Gate> {
    static Tensor forward(AutogradContext* context, const Tensor& gate_up) {
        const Tensor in = gate_up.contiguous();
        const int64_t width = in.size(-1) / 2, rows = in.numel() / (2 * width);
        Tensor out = at::empty({rows, width}, in.options());
        const float* from = in.const_data_ptr<float>();
        float* to = out.data_ptr<float>();
        at::parallel_for(0, rows, grain(width * 4), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const float* gate = from + row * 2 * width;
                gate_row(to + row * width, gate, gate + width, width);
            }
        });
        context->save_for_backward({in});
        return out;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const Tensor in = context->get_saved_variables()[0], gradient = gradients[0].contiguous();
        const int64_t width = in.size(-1) / 2, rows = in.numel() / (2 * width);
        Tensor out = at::empty_like(in);
        const float *from = in.const_data_ptr<float>(), *with = gradient.const_data_ptr<float>();
        float* to = out.data_ptr<float>();
        at::parallel_for(0, rows, grain(width * 4), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const float* gate = from + row * 2 * width;
                float* back = to + row * 2 * width;
                gate_row_back(back, back + width, with + row * width, gate, gate + width, width);
            }
        });
        return {out};
    }
};

struct GatePair : torch::autograd::Function<GatePair> {
    static Tensor forward(AutogradContext* context, const Tensor& gate, const Tensor& up) {
        const Tensor g = gate.contiguous(), u = up.contiguous();
        Tensor out = at::empty_like(g);
        const float *gates = g.const_data_ptr<float>(), *ups = u.const_data_ptr<float>();
        float* to = out.data_ptr<float>();
        at::parallel_for(0, g.numel(), 4096, [&](int64_t begin, int64_t end) {
            gate_row(to + begin, gates + begin, ups + begin, end - begin);
        });
        context->save_for_backward({g, u});
        return out;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const Tensor gradient = gradients[0].contiguous();
        Tensor gate_back = at::empty_like(saved[0]), up_back = at::empty_like(saved[1]);
        const float *gates = saved[0].const_data_ptr<float>(), *ups = saved[1].const_data_ptr<float>(),
                    *with = gradient.const_data_ptr<float>();
        float *to_gate = gate_back.data_ptr<float>(), *to_up = up_back.data_ptr<float>();
        at::parallel_for(0, gradient.numel(), 4096, [&](int64_t begin, int64_t end) {
            gate_row_back(to_gate + begin, to_up + begin, with + begin, gates + begin, ups + begin, end - begin);
        });
        return {gate_back, up_back};
    }
};

}  // namespace

extern "C" {

char* glim_cpu_norm(Tensor** output, const Tensor* input, const Tensor* weight, double epsilon) {
    return glim::guarded([&] {
        check(*input, "input");
        *output = new Tensor(Norm::apply(*input, *weight, epsilon));
    });
}

char* glim_cpu_gate(Tensor** output, const Tensor* gate_up) {
    return glim::guarded([&] {
        check(*gate_up, "gate_up");
        *output = new Tensor(Gate::apply(*gate_up));
    });
}

char* glim_cpu_gate_pair(Tensor** output, const Tensor* gate, const Tensor* up) {
    return glim::guarded([&] {
        check(*gate, "gate");
        check(*up, "up");
        *output = new Tensor(GatePair::apply(*gate, *up));
    });
}

}  // extern "C"
