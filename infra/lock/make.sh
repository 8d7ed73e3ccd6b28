#!/bin/sh
# Writes the locked requirements anew: newest versions that pyproject.toml allows, for every platform, with
# hashes. The tool comes from an environment of its own that is thrown away. Review the difference.
set -eu
cd "$(dirname "$0")/../.."

workshop=$(mktemp -d)
trap 'rm -rf "$workshop"' EXIT
.venv/bin/python -m venv "$workshop"
"$workshop/bin/python" -m pip --disable-pip-version-check install --quiet uv

compile() {
    "$workshop/bin/uv" pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
        --no-emit-index-url --custom-compile-command "make lock" "$@"
}

compile pyproject.toml -o infra/lock/run.txt
# The tests run on exactly what is shipped.
compile pyproject.toml --extra dev -c infra/lock/run.txt -o infra/lock/dev.txt
compile infra/lock/build.in -o infra/lock/build.txt
