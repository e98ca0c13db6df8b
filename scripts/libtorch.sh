# libtorch for scripts/setup, which reads this file: finds it or installs it, and tells cargo where it is.
# It uses say, fail and has, and sets `libtorch`, the folder that Glim is built with.

torch_version=2.11.0
torch_cache=${XDG_CACHE_HOME:-$HOME/.cache}/glim
cpu_libtorch=$torch_cache/libtorch-$torch_version
# Never where the linker looks: a program linked with libtorch_cuda.so would not start without it.
cuda_libtorch=$torch_cache/libtorch-$torch_version-cuda
cargo_config=$root/.cargo/config.toml
written_by_us='# Written by scripts/setup'

# The version that a libtorch gives itself: of an archive, of a Python package, of ours.
version_of() {
    if [ -f "$1/build-version" ]; then
        cat "$1/build-version"
    else
        sed -n "s/^__version__ = '\(.*\)'$/\1/p" "$1/version.py" 2>/dev/null || true
    fi
}

# Prints what a folder lacks to be a libtorch to build with; nothing if it lacks nothing.
what_is_wrong_with() {
    for part in include/torch/csrc/api/include/torch/torch.h lib/libtorch_cpu.so lib/libc10.so; do
        [ -f "$1/$part" ] || { printf 'it has no %s' "$part"; return; }
    done
    found=$(version_of "$1")
    case $found in
        "${torch_version%.*}".*) ;;
        *) printf 'it is version %s, and Glim is written for %s' "${found:-unknown}" "$torch_version" ;;
    esac
}

# What an earlier run wrote for cargo.
configured_libtorch() {
    [ -f "$cargo_config" ] || return 0
    first=''
    read -r first <"$cargo_config" || true
    [ "$first" != "$written_by_us" ] || sed -n "s/^LIBTORCH = '\(.*\)'$/\1/p" "$cargo_config"
}

choose_libtorch() {
    libtorch=$cpu_libtorch
    if [ -n "${LIBTORCH:-}" ] && [ "$LIBTORCH" != "$cpu_libtorch" ]; then
        libtorch=$(cd "$LIBTORCH" 2>/dev/null && pwd) || fail "LIBTORCH names \`$LIBTORCH\`, which is no folder"
        wrong=$(what_is_wrong_with "$libtorch")
        [ -z "$wrong" ] || fail "LIBTORCH names \`$libtorch\`: $wrong. Without LIBTORCH this script installs one"
        return
    fi
    # One that was chosen once stays chosen while it is there.
    configured=$(configured_libtorch)
    if [ -n "$configured" ] && [ "$configured" != "$cpu_libtorch" ] && [ -z "$(what_is_wrong_with "$configured")" ]; then
        libtorch=$configured
    fi
}

# Which sets are to be installed, as words: cpu, cuda.
missing_libtorch() {
    [ "$libtorch" != "$cpu_libtorch" ] || [ -z "$(what_is_wrong_with "$cpu_libtorch")" ] || printf ' cpu'
    [ -z "$cuda" ] || [ -f "$cuda_libtorch/lib/libtorch_cuda.so" ] || printf ' cuda'
}

# Fails where the wheels do not run.
check_machine() {
    machine="$(uname -s) $(uname -m)"
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || glibc=''
    glibc=${glibc#glibc }
    case $machine in
        'Linux x86_64')
            minor=${glibc#2.}
            [ "${minor:-0}" -lt 28 ] 2>/dev/null || return 0
            machine="$machine with ${glibc:+glibc $glibc}${glibc:-another C library than glibc}"
            ;;
    esac
    cat >&2 <<TEXT
setup: libtorch is installed for Linux on x86_64 with glibc 2.28 or newer, and this is $machine.
setup: with a PyTorch $torch_version of your own, name its folder, the one that holds include/ and lib/:
setup:   LIBTORCH=\$(python3 -c 'import torch; print(torch.__path__[0])') scripts/setup
setup: or do without models on this machine:
setup:   scripts/setup --no-torch && cargo build -p glim --no-default-features
TEXT
    exit 1
}

# Wheels of the CUDA set, of which torch's is the largest: 0.5 GB in pip's hands, 0.5 GB as a file, 3.4 GB unpacked.
check_space() {
    case $1 in
        *cuda*) needed=5000 ;;
        *) needed=1700 ;;
    esac
    free=$(df -Pk "$torch_cache" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "${free:-$needed}" -ge "$needed" ] ||
        fail "libtorch needs $needed MB while it is installed, and the disk of $torch_cache has $free MB left; \
XDG_CACHE_HOME=/elsewhere puts it on another one"
}

# One wheel of a list, checked by its hash, whatever Python this machine has: nothing of the wheel is run.
download() {
    rm -rf "$wheels/temporary"
    mkdir -p "$wheels/temporary"
    printf '%s\n' "$1" >"$wheels/requirement.txt"
    quiet=--quiet
    [ ! -t 1 ] || quiet=--progress-bar=on
    TMPDIR=$wheels/temporary python3 -m pip download $quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes --python-version 3.12 --implementation cp --abi cp312 \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 \
        --platform manylinux_2_18_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
        --platform manylinux_2_12_x86_64 --platform manylinux2010_x86_64 \
        --dest "$wheels/${1%% *}" -r "$wheels/requirement.txt" </dev/null ||
        fail "pip did not bring ${1%% *}; what it said stands above. The next run goes on from here"
}

unpacked_beside() {
    case $1 in
        cpu) printf '%s.partial' "$cpu_libtorch" ;;
        cuda) printf '%s.partial' "$cuda_libtorch" ;;
    esac
}

# Installs the sets named. What is whole is kept over an interruption, wheel by wheel.
install_libtorch() {
    sets=$1
    case $sets in
        *cuda*) lists="libtorch.txt libtorch-cuda.txt" size='2.5 GB, 3.4 GB unpacked' ;;
        *) lists=libtorch.txt size='0.5 GB, 0.5 GB unpacked' ;;
    esac
    check_machine
    mkdir -p "$torch_cache"
    if has flock; then
        exec 9>"$torch_cache/libtorch.lock"
        flock -n 9 || { say 'another setup is installing libtorch; waiting for it'; flock 9; }
        sets=$(missing_libtorch)
        [ -n "$sets" ] || return 0
    fi
    check_space "$sets"
    case $sets in
        *cpu*) say "this downloads libtorch $torch_version ($size) with pip and unpacks it into $cpu_libtorch" ;;
    esac
    case $sets in
        *cuda*) say "this downloads libtorch $torch_version for CUDA ($size) with pip and unpacks it into $cuda_libtorch" ;;
    esac
    wheels=$torch_cache/libtorch-$torch_version.wheels
    for list in $lists; do
        grep -v '^#' "$root/scripts/$list" >"$torch_cache/libtorch.list"
        while read -r requirement; do
            wheel=${requirement%% *}
            lacking=''
            for set in $sets; do
                # The second list is CUDA's alone.
                case $set,$list in cpu,libtorch-cuda.txt) continue ;; esac
                [ -f "$(unpacked_beside "$set")/unpacked/$wheel" ] || lacking="$lacking $set"
            done
            [ -n "$lacking" ] || continue
            say "fetching $wheel"
            download "$requirement"
            for set in $lacking; do
                unpacked=$(unpacked_beside "$set")
                mkdir -p "$unpacked/unpacked"
                python3 "$root/scripts/unpack_libtorch.py" "$set" "$wheels/$wheel"/*.whl "$unpacked" ||
                    fail "$wheel could not be unpacked into $unpacked"
                : >"$unpacked/unpacked/$wheel"
            done
            rm -rf "$wheels/$wheel"
        done <"$torch_cache/libtorch.list"
    done
    rm -rf "$wheels" "$torch_cache/libtorch.list"
    for set in $sets; do
        unpacked=$(unpacked_beside "$set")
        place=${unpacked%.partial}
        rm -rf "$unpacked/unpacked"
        printf '%s\n' "$torch_version" >"$unpacked/build-version"
        # What is in the way was found wanting above.
        rm -rf "$place"
        mv -T "$unpacked" "$place"
        say "libtorch $torch_version${set:+ ($set)} is in $place"
    done
}

# So that every cargo command in this checkout finds libtorch. An environment variable of the same name goes before.
tell_cargo() {
    if [ -e "$cargo_config" ] && { read -r first <"$cargo_config" || true; [ "$first" != "$written_by_us" ]; }; then
        grep -q '^ *LIBTORCH *=' "$cargo_config" || [ -n "${LIBTORCH:-}" ] || fail "$cargo_config is not this script's, so \
add to it by hand:
[env]
LIBTORCH = '$libtorch'"
        return 0
    fi
    [ "$(configured_libtorch)" != "$libtorch" ] || return 0
    case $libtorch in
        *"'"*) fail "cargo's configuration cannot hold the quotation mark in $libtorch" ;;
    esac
    mkdir -p "$root/.cargo"
    cat >"$cargo_config.tmp" <<TEXT
$written_by_us
# libtorch for every cargo command in this checkout. To build with another one: LIBTORCH=/path scripts/setup
[env]
LIBTORCH = '$libtorch'
TEXT
    mv "$cargo_config.tmp" "$cargo_config"
    say "cargo builds with the libtorch in $libtorch: .cargo/config.toml says so"
}
