// Many processes as one: libtorch's own c10d, without the headers of Gloo and NCCL, which its wheels do not carry.
//
// Gloo is inside libtorch_cpu, which is linked. NCCL is inside libtorch_cuda, which is opened at run time: its class is
// reached by the names of its constructors, which `nm -D libtorch_cuda.so` of version 2.11.0 shows.
#include <ATen/ATen.h>
#include <c10/util/env.h>
#include <dlfcn.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstring>
#include <functional>
#include <memory>

using at::Tensor;
using std::chrono::milliseconds;

namespace gloo::transport {
class Device;
}

namespace c10d {

// What ProcessGroupGloo.hpp declares and is used here. The virtual functions are those of Backend; the room is for
// members that only libtorch touches (version 2.11 has less than 500 bytes of them).
class ProcessGroupGloo : public Backend {
   public:
    struct Options : Backend::Options {
        explicit Options(milliseconds timeout);
        static c10::intrusive_ptr<Options> create_default(milliseconds timeout);

        std::vector<std::shared_ptr<::gloo::transport::Device>> devices;
        int threads{2};
    };

    static std::shared_ptr<::gloo::transport::Device> createDeviceForHostname(const std::string& host, bool lazy);

    ProcessGroupGloo(const c10::intrusive_ptr<Store>& store, int rank, int size, c10::intrusive_ptr<Options> options);
    ~ProcessGroupGloo() override;

   private:
    char room[4096];
};

}  // namespace c10d

namespace {

using c10::intrusive_ptr;
using c10d::Backend;
using c10d::Store;
using c10d::Work;

// As in door.h, and without the trace of calls that libtorch adds to what it throws.
template <class F>
char* guarded(F&& f) {
    try {
        f();
        return nullptr;
    } catch (const c10::Error& error) {
        return strdup(error.what_without_backtrace());
    } catch (const std::exception& error) {
        return strdup(error.what());
    } catch (...) {
        return strdup("an exception that is none of the standard library");
    }
}

struct Meeting {
    intrusive_ptr<Store> store;
};

struct Group {
    Backend& on(const Tensor& tensor) { return tensor.is_cuda() ? *nccl : *gloo; }

    intrusive_ptr<Backend> gloo;
    intrusive_ptr<Backend> nccl;  // Null without GPUs.
};

template <class F>
F symbol(const char* name) {
    auto found = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
    TORCH_CHECK(found != nullptr, name, " is not in the CUDA part of libtorch; version 2.11 is needed");
    return found;
}

intrusive_ptr<Backend> over_gloo(const intrusive_ptr<Store>& store, int rank, int size, milliseconds timeout,
                                 const char* loopback) {
    using Gloo = c10d::ProcessGroupGloo;
    intrusive_ptr<Gloo::Options> options;
    if (loopback == nullptr || c10::utils::has_env("GLOO_SOCKET_IFNAME")) {
        options = Gloo::Options::create_default(timeout);
    } else {
        options = c10::make_intrusive<Gloo::Options>(timeout);
        options->devices.push_back(Gloo::createDeviceForHostname(loopback, false));
    }
    return c10::make_intrusive<Gloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store), rank, size, options);
}

intrusive_ptr<Backend> over_nccl(const intrusive_ptr<Store>& store, int rank, int size, milliseconds timeout) {
    // Waiting is to throw in the thread that waits: the watchdogs that are the default end the process instead.
    c10::utils::set_env("TORCH_NCCL_BLOCKING_WAIT", "1", false);
    c10::utils::set_env("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", false);
    c10::utils::set_env("TORCH_NCCL_ENABLE_MONITORING", "0", false);
    // Objects of c10d::ProcessGroupNCCL and its options, of 1112 and 248 bytes in libtorch 2.11, in more room than that.
    // Both are deleted through their virtual destructors.
    void* settings = ::operator new(1024);
    symbol<void (*)(void*, bool)>("_ZN4c10d16ProcessGroupNCCL7OptionsC1Eb")(settings, false);
    auto options = intrusive_ptr<Backend::Options>::unsafe_steal_from_new(static_cast<Backend::Options*>(settings));
    options->timeout = timeout;
    using Construct = void (*)(void*, intrusive_ptr<Store>, int, int, intrusive_ptr<Backend::Options>);
    const auto construct = symbol<Construct>(
        "_ZN4c10d16ProcessGroupNCCLC1EN3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_typeIS3_"
        "EEEEiiNS2_INS0_7OptionsENS5_IS8_EEEE");
    std::unique_ptr<void, void (*)(void*)> room(::operator new(4096), [](void* it) { ::operator delete(it); });
    construct(room.get(), c10::make_intrusive<c10d::PrefixStore>("nccl", store), rank, size, options);
    return intrusive_ptr<Backend>::unsafe_steal_from_new(static_cast<Backend*>(room.release()));
}

// The backend's own limit holds: Gloo ends a wait in which nothing moves, NCCL one that takes longer.
char* done(Group* group, const Tensor& tensor, const std::function<intrusive_ptr<Work>(Backend&)>& start) {
    return guarded([&] { start(group->on(tensor))->wait(); });
}

}  // namespace

extern "C" {

// `listener`: a bound socket for the one that serves, which takes it over; -1: the store binds `port` itself.
char* glim_ranks_meet(Meeting** meeting, const char* host, uint16_t port, bool serves, int listener,
                      const char* prefix, int64_t timeout_ms) {
    return guarded([&] {
        c10d::TCPStoreOptions options;
        options.port = port;
        options.isServer = serves;
        options.waitWorkers = false;
        options.timeout = milliseconds(timeout_ms);
        if (listener >= 0) options.masterListenFd = listener;
        intrusive_ptr<Store> store = c10::make_intrusive<c10d::TCPStore>(host, options);
        *meeting = new Meeting{c10::make_intrusive<c10d::PrefixStore>(prefix, store)};
    });
}

char* glim_ranks_tell(const Meeting* meeting, const char* key) {
    return guarded([&] { meeting->store->set(key, std::vector<uint8_t>{1}); });
}

char* glim_ranks_told(bool* told, const Meeting* meeting, const char* key) {
    return guarded([&] { *told = meeting->store->check({key}); });
}

void glim_ranks_leave(Meeting* meeting) { free(guarded([&] { delete meeting; })); }

char* glim_ranks_connect(Group** group, const Meeting* meeting, int rank, int size, int64_t timeout_ms,
                         const char* loopback, bool cuda) {
    return guarded([&] {
        const milliseconds timeout(timeout_ms);
        auto connected = std::make_unique<Group>();
        connected->gloo = over_gloo(meeting->store, rank, size, timeout, loopback);
        if (cuda) connected->nccl = over_nccl(meeting->store, rank, size, timeout);
        *group = connected.release();
    });
}

// After a failure: what is under way on a GPU is given up, and closed connections tell the other ranks.
void glim_ranks_abort(Group* group) {
    if (group->nccl) free(guarded([&] { group->nccl->abort(); }));
    free(guarded([&] { delete group; }));
}

void glim_ranks_disconnect(Group* group) {
    if (group->nccl) free(guarded([&] { group->nccl->shutdown(); }));
    free(guarded([&] { delete group; }));
}

char* glim_ranks_all_reduce(Group* group, const Tensor* tensor) {
    return done(group, *tensor, [&](Backend& backend) {
        std::vector<Tensor> tensors{*tensor};
        return backend.allreduce(tensors);
    });
}

char* glim_ranks_broadcast(Group* group, const Tensor* tensor, int root) {
    return done(group, *tensor, [&](Backend& backend) {
        std::vector<Tensor> tensors{*tensor};
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return backend.broadcast(tensors, options);
    });
}

// `input`: [size * n]; `output`: [n].
char* glim_ranks_reduce_scatter(Group* group, const Tensor* output, const Tensor* input) {
    return done(group, *input, [&](Backend& backend) {
        Tensor into = *output, from = *input;
        return backend._reduce_scatter_base(into, from);
    });
}

// `input`: [n]; `output`: [size * n].
char* glim_ranks_all_gather(Group* group, const Tensor* output, const Tensor* input) {
    return done(group, *input, [&](Backend& backend) {
        Tensor into = *output, from = *input;
        return backend._allgather_base(into, from);
    });
}

char* glim_ranks_barrier(Group* group) {
    return guarded([&] { group->gloo->barrier()->wait(); });
}

}  // extern "C"
