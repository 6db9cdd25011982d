#!/bin/sh
# Brings a machine that has Python 3.11 or newer (with venv), git and make to where CrowdLens runs.
#
#   sh infra/local/setup.sh demo       what `make demo` needs: .venv and MiniStack in an environment of its own
#   sh infra/local/setup.sh dev        the same and the tools of `make test`, `make lint`, `make synth`
#   sh infra/local/setup.sh cdk        the CDK command line as .tools/cdk/cdk, on top of `dev`
#   sh infra/local/setup.sh console    the Streamlit console on top of `demo`; `dev` has it already
#   sh infra/local/setup.sh training   PyTorch in an environment of its own, for `make train-demo`
#   sh infra/local/setup.sh bench      the libraries we measure ourselves against, in an environment of their own
#   sh infra/local/setup.sh trackers   the trackers we measure ours against, in an environment of their own
#
# Everything lands in .venv/ and .tools/. Nothing is done twice: a stamp holds what an environment was made from,
# and it counts only where the environment's Python starts.
set -eu

cd "$(dirname "$0")/../.."
# Its one true name: two ways to this folder are one place.
HERE=$(pwd -P)
PYTHON=${PYTHON:-python3}
UV_VERSION=0.13.8
UV=.tools/uv/bin/uv
# The user's own Python is used; another one is never downloaded.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS="${UV_NO_PROGRESS-1}"
# A company's own certificate authority is in the system's store, not in the one that uv brings.
[ ! -s /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
# Wheels that pip would find in local folders are wheels that uv should find, too.
[ -z "${PIP_FIND_LINKS:-}" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$PIP_FIND_LINKS}"

fail() {
    echo "crowdlens set-up: $1" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null 2>&1 || fail "$PYTHON was not found: install Python 3.11 or newer (apt-get install python3 python3-venv)"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$PYTHON is $("$PYTHON" -V 2>&1): expected Python 3.11 or newer; name another with PYTHON=python3.12"

PYTHON_VERSION=$("$PYTHON" -c 'import platform; print(platform.python_implementation(), platform.python_version())')

mkdir -p .tools
# Two `make` runs at once would write the same environment.
if [ -z "${CROWDLENS_SETUP_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    CROWDLENS_SETUP_LOCKED=1 exec flock .tools/setup.lock sh infra/local/setup.sh "$@"
fi

install_uv() {
    [ "$("$UV" --version 2>/dev/null | cut -d' ' -f2)" = "$UV_VERSION" ] && return
    echo "crowdlens set-up: uv $UV_VERSION into .tools/uv"
    "$PYTHON" -m venv --clear .tools/uv ||
        fail "$PYTHON cannot make a virtual environment: install its venv package (apt-get install python3-venv)"
    .tools/uv/bin/python -m pip install --quiet --quiet --retries 2 --disable-pip-version-check "uv==$UV_VERSION" ||
        fail "uv could not be installed: expected a network connection to a Python package index"
}

# What an environment is made from: lock and project file, the Python, and the place, which its scripts name.
wanted_stamp() {
    printf '%s | %s | %s\n' "$(cat "$1" pyproject.toml | cksum)" "$PYTHON_VERSION" "$HERE"
}

starts() {
    "$1/bin/python" -c '' 2>/dev/null
}

# is_current FOLDER LOCK
is_current() {
    [ "$(cat "$1/.crowdlens-$(basename "$2")" 2>/dev/null)" = "$(wanted_stamp "$2")" ] && starts "$1"
}

# made_here FOLDER: its Python starts, and is of the version and in the place that are wanted.
made_here() {
    starts "$1" && [ "$(cat "$1/.crowdlens-made" 2>/dev/null)" = "$PYTHON_VERSION | $HERE" ]
}

# environment FOLDER LOCK [uv pip install option ...]; returns 1 when there is nothing to do
environment() {
    folder=$1 lock=$2
    shift 2
    is_current "$folder" "$lock" && return 1
    echo "crowdlens set-up: $lock into $folder"
    if ! made_here "$folder"; then
        # What an interrupted set-up, another Python or another place left.
        "$UV" venv --quiet --clear --python "$(command -v "$PYTHON")" "$folder" || fail "$folder could not be made"
        printf '%s\n' "$PYTHON_VERSION | $HERE" >"$folder/.crowdlens-made"
    fi
    "$UV" pip install --quiet --python "$folder/bin/python" "$@" -r "$lock" ||
        fail "$lock could not be installed: expected a network connection to a Python package index and free disk space"
    wanted_stamp "$lock" >"$folder/.crowdlens-$(basename "$lock").new"
}

finish() {
    mv "$1/.crowdlens-$(basename "$2").new" "$1/.crowdlens-$(basename "$2")"
}

product() {
    if environment .venv "$1" --require-hashes; then
        "$UV" pip install --quiet --python .venv/bin/python --no-deps --editable . || fail "crowdlens itself could not be installed"
        finish .venv "$1"
    fi
    if environment .tools/ministack requirements/ministack.lock --require-hashes; then
        finish .tools/ministack requirements/ministack.lock
    fi
}

# One package without dependencies, pinned with its checksum; Node.js and npm come with `dev`.
cdk_command_line() {
    from=infra/local/cdk
    stamp=$(cat "$from/package-lock.json" "$from/cdk.sh" | cksum)
    [ "$(cat .tools/cdk/.crowdlens-cdk 2>/dev/null)" = "$stamp | $HERE" ] && return
    echo "crowdlens set-up: the CDK command line into .tools/cdk"
    node=$(.venv/bin/python -m infra.node) || fail "Node.js is missing: expected it in .venv"
    # As with uv: the system's store knows a company's own certificate authority, Node's does not.
    [ ! -s /etc/ssl/certs/ca-certificates.crt ] ||
        export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}"
    mkdir -p .tools/cdk
    cp "$from/package.json" "$from/package-lock.json" .tools/cdk/
    (cd .tools/cdk && "$node" "$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts \
        --omit=optional --no-audit --no-fund --loglevel=error >/dev/null) ||
        fail "the CDK command line could not be installed: expected a network connection to an npm registry"
    cp "$from/cdk.sh" .tools/cdk/cdk
    chmod +x .tools/cdk/cdk
    printf '%s\n' "$stamp | $HERE" >.tools/cdk/.crowdlens-cdk
}

install_uv
case "${1:-demo}" in
demo)
    # The development environment holds all of the demo's.
    if is_current .venv requirements/dev.lock; then
        product requirements/dev.lock
    else
        product requirements/demo.lock
    fi
    ;;
dev) product requirements/dev.lock ;;
console)
    if is_current .venv requirements/dev.lock; then
        product requirements/dev.lock
    else
        product requirements/console.lock
    fi
    ;;
cdk)
    product requirements/dev.lock
    cdk_command_line
    ;;
training)
    if environment .tools/training requirements/training.in; then
        finish .tools/training requirements/training.in
    fi
    ;;
bench)
    if environment .tools/bench requirements/bench.in; then
        "$UV" pip install --quiet --python .tools/bench/bin/python --no-deps -r requirements/bench-alone.in ||
            fail "requirements/bench-alone.in could not be installed"
        finish .tools/bench requirements/bench.in
    fi
    ;;
trackers)
    if environment .tools/trackers requirements/trackers.in; then
        "$UV" pip install --quiet --python .tools/trackers/bin/python --no-deps -r requirements/trackers-alone.in ||
            fail "requirements/trackers-alone.in could not be installed"
        finish .tools/trackers requirements/trackers.in
    fi
    ;;
*) fail "'$1' is no set-up: expected demo, dev, console, cdk, training, bench or trackers" ;;
esac
