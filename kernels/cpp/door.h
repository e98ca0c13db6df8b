// What the C++ files of the door share. Every function returns null, or a message that the caller frees.
#pragma once
#include <ATen/ATen.h>
#include <cstring>
#include <exception>

namespace glim {

template <class F>
char* guarded(F&& f) {
    try {
        f();
        return nullptr;
    } catch (const std::exception& error) {
        return strdup(error.what());
    } catch (...) {
        return strdup("an exception that is none of the standard library");
    }
}

}  // namespace glim
