#!/bin/sh
# Creates .venv with a suitable Python and installs the locked dependencies named by its arguments, then the
# product itself, editable. Everything is pinned by hash, the build tool too: nothing else is fetched.
#
#   infra/venv.sh run|dev
set -eu
kind=$1

fail() {
    printf '\n%s\n\n' "$*" >&2
    exit 1
}

# The first Python that is new enough; one that can create environments is preferred to one that cannot.
find_python() {
    fallback=
    set -- python3.13 python3.12 python3.11 python3 python
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for candidate; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
        fallback=${fallback:-$candidate}
    done
    [ -z "$fallback" ] || add_venv_module "$fallback"
    echo "$fallback"
}

# Debian keeps the module in a package of its own.
add_venv_module() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "$1 cannot create virtual environments. Install its venv module first (Debian, Ubuntu: sudo apt-get install $package)."
    fi
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package"; } >&2 ||
        fail "$package could not be installed; $1 needs it to create a virtual environment."
}

# A virtual environment has absolute paths inside: one that was moved, or whose Python is gone, is made anew.
is_usable() {
    [ -x .venv/bin/python ] && [ -x .venv/bin/pip ] &&
        .venv/bin/python -c 'import os, sys; sys.exit(not os.path.samefile(sys.prefix, ".venv"))' 2>/dev/null &&
        grep -qF "$(pwd -P)/.venv" .venv/bin/activate
}

if ! is_usable; then
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer was not found. Install it, or name it: make PYTHON=/path/to/python3 ..."
    echo "Creating .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

pip() {
    .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"
}

pip install --quiet --require-hashes -r infra/lock/build.txt -r "infra/lock/$kind.txt"
pip install --quiet --no-deps --no-build-isolation --editable .
