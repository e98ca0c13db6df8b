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

using Back = void (*)(void* closure, const Tensor* gradient, const Tensor* const* saved, size_t count, Tensor** gradients,
                     size_t inputs, char** error);

// A Rust closure that gives the gradients of `inputs` tensors from that of what was computed from them.
struct Way : torch::CustomClassHolder {
    Way(void* data, Back back, Drop drop) : data(data), back(back), drop(drop) {}
    Way(const Way&) = delete;
    Way& operator=(const Way&) = delete;
    ~Way() override { drop(data); }

    void* data;
    Back back;
    Drop drop;
};

// Something that was computed outside of torch, and knows its way back.
struct Given : torch::autograd::Function<Given> {
    static Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs, const Tensor* result,
                          const torch::autograd::variable_list* saved, const c10::intrusive_ptr<Way>& way) {
        context->save_for_backward(*saved);
        context->saved_data["way"] = c10::IValue::make_capsule(way);
        context->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
        return *result;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        auto way = c10::static_intrusive_pointer_cast<Way>(context->saved_data["way"].toCapsule());
        const auto inputs = static_cast<size_t>(context->saved_data["inputs"].toInt());
        const auto saved = context->get_saved_variables();
        std::vector<const Tensor*> given;
        for (const Tensor& tensor : saved) given.push_back(&tensor);
        const Tensor gradient = gradients[0].contiguous();
        std::vector<Tensor*> made(inputs, nullptr);
        char* error = nullptr;
        way->back(way->data, &gradient, given.data(), given.size(), made.data(), inputs, &error);
        // Those of what is not an input follow, and there are none.
        torch::autograd::variable_list out(inputs + 3);
        for (size_t at = 0; at < inputs; ++at) {
            if (made[at] == nullptr) continue;
            out[at] = std::move(*made[at]);
            delete made[at];
        }
        if (error != nullptr) {
            std::string message(error);
            free(error);
            throw std::runtime_error(message);
        }
        return out;
    }
};

}  // namespace

extern "C" {

// `result`, as a function of `inputs`. `saved` are kept until the way back has been gone.
char* glim_with_gradient(Tensor** output, const Tensor* const* inputs, size_t count, const Tensor* const* saved,
                         size_t saved_count, const Tensor* result, void* data, Back back, Drop drop) {
    auto way = c10::make_intrusive<Way>(data, back, drop);
    return glim::guarded([&] {
        std::vector<Tensor> list;
        for (size_t at = 0; at < count; ++at) list.push_back(*inputs[at]);
        torch::autograd::variable_list kept;
        for (size_t at = 0; at < saved_count; ++at) kept.push_back(*saved[at]);
        *output = new Tensor(Given::apply(at::TensorList(list), result, &kept, way));
    });
}

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
