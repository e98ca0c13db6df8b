#!/bin/sh
# Checks the model on a machine with an NVIDIA GPU and Python, but without Rust: parity, then speed, then one table.
set -eu

usage() {
    cat <<'TEXT'
usage: scripts/gpu_check.sh --pack DIR             here: builds what is carried into DIR, under 60 MB packed
       scripts/gpu_check.sh DIR [BENCHMARK...]     there: runs it; DIR/gpu_check.sh is the same script

On the machine with the GPU it needs torch 2.11, as a package of Python (python3, or PYTHON), or from `setup --cuda`.
With transformers 5.17 it also makes the whole set of fixtures anew, and measures the peer.

BENCHMARK are arguments of bench/model/run (--rounds 2 --config 1b if there are none), such as --config 9b --train-bs 1
--ckpt. Logs and the table go to the folder OUT, if that is set, else to a new one.
TEXT
}

say() { printf 'gpu-check: %s\n' "$*"; }
fail() { printf 'gpu-check: %s\n' "$*" >&2; exit 1; }

# The program that cargo built last, of those that its messages name.
built() {
    python3 -c '
import json, sys
programs = [json.loads(line).get("executable") for line in sys.stdin if line.startswith("{")]
print([it for it in programs if it][-1])'
}

pack() {
    root=$(cd "$(dirname "$0")/.." && pwd)
    "$root/scripts/setup"
    mkdir -p "$1/bin"
    packed=$(cd "$1" && pwd)
    cd "$root"
    for program in parity kernels vlm glim-bench-model glim; do
        case $program in
            parity) set -- test --no-run -p glim-vlm --test parity ;;
            kernels) set -- test --no-run -p glim-kernels --lib ;;
            vlm) set -- test --no-run -p glim-vlm --lib ;;
            *) set -- build -p "$program" --bin "$program" ;;
        esac
        say "building $program"
        messages=$(cargo "$@" --release --locked --config profile.release.debug=false --message-format json) ||
            fail "$program could not be built"
        path=$(printf '%s\n' "$messages" | built) || fail "cargo did not say where $program is"
        strip -o "$packed/bin/$program" "$path"
    done
    cp scripts/gpu_check.sh "$packed/"
    mkdir -p "$packed/vlm/tests/parity" "$packed/bench"
    cp -R model/vlm/tests/parity/. "$packed/vlm/tests/parity/"
    cp bench/model/bench_hf.py bench/model/report.py "$packed/bench/"
    size=$(tar -C "$packed" -cz . | wc -c)
    say "$packed holds $(du -sm "$packed" | cut -f1) MB, $((size / 1000000 + 1)) packed"
    [ "$size" -le 60000000 ] || fail 'more than 60 MB packed'
}

# The folder with libtorch_cuda.so: one that is named, Python's, or that of `setup --cuda`.
find_libtorch() {
    python_torch=$("$python" -c 'import torch; print(torch.__path__[0])' 2>/dev/null) || python_torch=''
    for folder in "${GLIM_LIBTORCH_CUDA:-}" "$python_torch/lib" \
        "${XDG_CACHE_HOME:-$HOME/.cache}/glim/libtorch-2.11.0-cuda/lib"; do
        [ -f "$folder/libtorch_cuda.so" ] || continue
        printf '%s' "$folder"
        return
    done
    return 1
}

version_in() {
    if [ -f "$1/../build-version" ]; then
        cat "$1/../build-version"
    else
        sed -n "s/^__version__ = '\(.*\)'$/\1/p" "$1/../version.py" 2>/dev/null || true
    fi
}

has_transformers() {
    "$python" -c 'from importlib.metadata import version
raise SystemExit(version("transformers") != "5.17.0" or not version("torch").startswith("2.11."))' 2>/dev/null
}

note() { printf '| %s | %s | %s |\n' "$1" "$2" "$3" >>"$out/table.md"; }

# One run of a test binary: name, then the command. What it says goes to a log; no test at all is a failure.
check() {
    name=$1
    shift
    log=$out/$(printf '%s' "$name" | tr ' ,' '__').log
    begun=$(date +%s)
    say "$name"
    status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    seconds=$(($(date +%s) - begun))
    passed=$(sed -n 's/^test result: [A-Za-z]*\. \([0-9]*\) passed.*/\1/p' "$log" | tail -1)
    if [ "$status" -eq 0 ] && [ "${passed:-0}" -gt 0 ]; then
        note "$name" "$passed passed" "$seconds s"
    elif [ "$status" -eq 0 ]; then
        note "$name" 'FAILED: ran no test' "$seconds s"
        bad=1
    else
        note "$name" "FAILED ($status), see $(basename "$log")" "$seconds s"
        bad=1
        tail -n 40 "$log"
    fi
}

case ${1:-} in
    --pack) [ $# -eq 2 ] || { usage >&2; exit 64; }; pack "$2"; exit ;;
    -h | --help) usage; exit ;;
    '') here=$(cd "$(dirname "$0")" && pwd) ;;
    *) here=$(cd "$1" 2>/dev/null && pwd) || fail "there is no folder \`$1\`"; shift ;;
esac
[ -x "$here/bin/parity" ] || fail "\`$here\` is not what --pack makes: it has no bin/parity"

python=${PYTHON:-python3}
out=${OUT:-$(mktemp -d "${TMPDIR:-/tmp}/gpu-check.XXXXXX")}
mkdir -p "$out"
bad=''

gpu=$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null | head -1) ||
    gpu=''
[ -n "$gpu" ] || fail 'nvidia-smi finds no GPU'
libraries=$(find_libtorch) ||
    fail "there is no libtorch_cuda.so: pip install torch==2.11.0, or scripts/setup --cuda where the checkout is"
version=$(version_in "$libraries")
case $version in
    2.11.*) ;;
    *) fail "$libraries is of torch ${version:-unknown}, and what was built wants 2.11" ;;
esac
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" GLIM_LIBTORCH_CUDA="$libraries"
"$here/bin/parity" --list >"$out/parity_list.log" 2>&1 ||
    fail "what was carried does not start here: $(tail -n 1 "$out/parity_list.log")"

printf '%s\n\n| check | result | time |\n|---|---|---|\n' "$gpu, torch $version" >"$out/table.md"
say "$gpu, torch $version in $libraries; logs in $out"

# Where the test looks for the fixtures that it was built beside.
export CARGO_MANIFEST_DIR="$here/vlm"
of='carried fixtures'
if has_transformers; then
    say 'making the whole set of fixtures'
    if "$python" "$here/vlm/tests/parity/make_parity.py" --out "$out/parity" >"$out/fixtures.log" 2>&1; then
        export GLIM_PARITY_DIR="$out/parity"
        of='carried and whole set of fixtures'
    else
        say "fixtures could not be made, so only the carried ones are used: $(tail -n 1 "$out/fixtures.log")"
    fi
fi

check 'kernels' "$here/bin/kernels" --test-threads 1 --include-ignored gpu::
check 'engine' "$here/bin/vlm" --test-threads 1 --include-ignored gpu::
# Products in full f32: the GPU would round what goes into them to ten bits otherwise.
check "parity f32, $of" env GLIM_PARITY_DEVICE=cuda GLIM_PARITY_DTYPE=f32 NVIDIA_TF32_OVERRIDE=0 \
    "$here/bin/parity" --test-threads 1
check "parity bf16, $of" env GLIM_PARITY_DEVICE=cuda GLIM_PARITY_DTYPE=bf16 "$here/bin/parity" --test-threads 1
# They are large, and made again from nothing in a minute.
rm -rf "$out/parity"

if [ -x "$here/bin/glim" ]; then
    "$here/bin/glim" doctor >"$out/doctor.log" 2>&1 </dev/null || true
    grep -i libtorch "$out/doctor.log" || true
fi

[ $# -gt 0 ] || set -- --rounds 2 --config 1b
begun=$(date +%s)
status=0
if has_transformers; then
    say "benchmark: $*"
    "$python" "$here/bench/report.py" --glim "$here/bin/glim-bench-model" --device cuda --dtype bf16 \
        --save "$out/benchmark.md" "$@" >"$out/benchmark.log" 2>&1 </dev/null || status=$?
else
    say "benchmark of Glim alone, as there is no transformers 5.17.0 here: $*"
    while [ "${1:-}" = --rounds ] || [ "${1:-}" = --save ]; do shift 2; done
    "$here/bin/glim-bench-model" --device cuda --dtype bf16 "$@" >"$out/benchmark.log" 2>&1 </dev/null || status=$?
    tail -n 1 "$out/benchmark.log" >"$out/benchmark.md"
fi
if [ "$status" -eq 0 ]; then
    note 'benchmark' "$(grep -c 'NOT MET' "$out/benchmark.md" || true) targets not met" "$(($(date +%s) - begun)) s"
else
    note 'benchmark' "FAILED ($status), see benchmark.log" "$(($(date +%s) - begun)) s"
    bad=1
    tail -n 20 "$out/benchmark.log"
fi

[ ! -f "$out/benchmark.md" ] || { echo; cat "$out/benchmark.md"; } >>"$out/table.md"
echo
cat "$out/table.md"
[ -z "$bad" ]
