// What libtorch can do and tch does not reach.
#include "door.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

using at::Tensor;

namespace {

using Call = Tensor* (*)(void* closure, const Tensor* input, char** error);
using Drop = void (*)(void* closure);

// A Rust closure. It lives as long as the graph that may call it again.
struct Closure : torch::CustomClassHolder {
    Closure(void* data, Call call, Drop drop) : data(data), call(call), drop(drop) {}
    Closure(const Closure&) = delete;
    Closure& operator=(const Closure&) = delete;
    ~Closure() override { drop(data); }

    Tensor operator()(const Tensor& input) const {
        char* error = nullptr;
        Tensor* output = call(data, &input, &error);
        if (error != nullptr) {
            std::string message(error);
            free(error);
            throw std::runtime_error(message);
        }
        Tensor result = std::move(*output);
        delete output;
        return result;
    }

    void* data;
    Call call;
    Drop drop;
};

// Keeps the input alone and computes the rest again on the way back.
struct Checkpoint : torch::autograd::Function<Checkpoint> {
    static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input,
                          const c10::intrusive_ptr<Closure>& closure) {
        context->save_for_backward({input});
        context->saved_data["closure"] = c10::IValue::make_capsule(closure);
        return (*closure)(input.detach());
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        auto closure = c10::static_intrusive_pointer_cast<Closure>(context->saved_data["closure"].toCapsule());
        Tensor input = context->get_saved_variables()[0].detach().set_requires_grad(true);
        Tensor output;
        {
            at::AutoGradMode record(true);
            output = (*closure)(input);
        }
        torch::autograd::backward({output}, {gradients[0]});
        return {input.grad(), Tensor()};
    }
};

}  // namespace

extern "C" {

char* glim_checkpoint(Tensor** output, const Tensor* input, void* data, Call call, Drop drop) {
    // Built first, so that the closure is dropped whatever happens after.
    auto closure = c10::make_intrusive<Closure>(data, call, drop);
    return glim::guarded([&] {
        Tensor start = *input;
        // Without a gradient at its input the block would never be computed again, and its weights would get none.
        if (!start.requires_grad()) start = start.detach().set_requires_grad(true);
        *output = new Tensor(Checkpoint::apply(start, closure));
    });
}

char* glim_copy_from_bytes(Tensor* into, const void* bytes, const int64_t* shape, int64_t dimensions, int kind) {
    return glim::guarded([&] {
        at::NoGradGuard constant;
        auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(kind));
        into->copy_(at::from_blob(const_cast<void*>(bytes), at::IntArrayRef(shape, dimensions), options));
    });
}

char* glim_fused_adamw(const Tensor* const* parameters, const Tensor* const* gradients, const Tensor* const* averages,
                       const Tensor* const* squares, const Tensor* const* steps, int64_t count, double rate,
                       double beta1, double beta2, double decay, double epsilon) {
    return glim::guarded([&] {
        at::NoGradGuard constant;
        auto list = [count](const Tensor* const* from) {
            std::vector<Tensor> tensors;
            tensors.reserve(count);
            for (int64_t i = 0; i < count; ++i) tensors.push_back(*from[i]);
            return tensors;
        };
        at::_fused_adamw_(list(parameters), list(gradients), list(averages), list(squares), {}, list(steps), rate,
                          beta1, beta2, decay, epsilon, false, false);
    });
}

// `query`, `key`, `value`: [tokens, heads, head_dim] of samples one after another; `ends`: [samples + 1] int32.
char* glim_flash_attention(Tensor** output, const Tensor* query, const Tensor* key, const Tensor* value,
                           const Tensor* ends, int64_t longest, bool causal, double scale) {
    return glim::guarded([&] {
        *output = new Tensor(std::get<0>(at::_flash_attention_forward(*query, *key, *value, *ends, *ends, longest,
                                                                      longest, 0.0, causal, false, scale)));
    });
}

char* glim_fused_rms_norm(Tensor** output, const Tensor* input, const Tensor* weight, double epsilon) {
    return glim::guarded([&] {
        *output = new Tensor(std::get<0>(at::_fused_rms_norm(*input, weight->sizes(), *weight, epsilon)));
    });
}

// As if none had been computed; the next one is then put there instead of added.
void glim_drop_gradient(const Tensor* tensor) { tensor->mutable_grad() = Tensor(); }

bool glim_records_gradients() { return at::GradMode::is_enabled(); }

}  // extern "C"
