#!/usr/bin/env python3
"""Unpacks from one wheel what belongs to libtorch. usage: unpack_libtorch.py cpu|cuda WHEEL FOLDER

cpu   what Glim is built and linked with: the headers, and the libraries that libtorch_cpu.so needs
cuda  what is opened at run time where there is a GPU: every library, all in one folder, where they find one another
"""
import os
import shutil
import sys
import zipfile
from pathlib import Path, PurePosixPath

CPU = {"libc10.so", "libtorch_cpu.so", "libgomp.so.1", "libshm.so", "libcudart.so.13", "libcupti.so.13"}
# Python's door, profilers' parts, doubles, and plug-ins that ask for MPI or InfiniBand: nothing here loads them.
UNUSED = (
    "libtorch.so", "libtorch_python", "libtorch_global_deps", "libnvperf", "libcheckpoint", "libpcsamplingutil",
    "libnvblas", "libcufftw", "libcusolverMg", "libcufile_rdma", "libnvrtc.alt", "libnvrtc-builtins.alt",
    "nvshmem_bootstrap", "nvshmem_transport",
)


def place(name, kind):
    """Where a member of a wheel goes, or None if it is not needed."""
    path = PurePosixPath(name)
    if name == "torch/version.py":
        return path.name
    if name.startswith("torch/include/"):
        return str(path.relative_to("torch")) if kind == "cpu" else None
    in_library_folder = path.parent == PurePosixPath("torch/lib") or (
        path.parts[0] == "nvidia" and path.parent.name == "lib")
    if not in_library_folder or ".so" not in path.name:
        return None
    wanted = path.name in CPU if kind == "cpu" else not path.name.startswith(UNUSED)
    return "lib/" + path.name if wanted else None


def main():
    kind, wheel, folder = sys.argv[1:]
    found = 0
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            target = None if member.is_dir() else place(member.filename, kind)
            if target is None:
                continue
            target = Path(folder, target)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            os.chmod(target, 0o755 if ".so" in target.name else 0o644)
            found += 1
    if found == 0:
        sys.exit(f"{wheel} holds nothing of libtorch")
    if kind == "cpu" and Path(folder, "lib/libtorch_cpu.so").exists():
        # The wheel's own libtorch.so asks for libtorch_cuda.so. To the linker, which is all that reads this, the name
        # stands for libtorch_cpu.so.
        Path(folder, "lib/libtorch.so").write_text("INPUT(-ltorch_cpu)\n")


main()
