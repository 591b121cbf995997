#!/bin/sh
# The whole test suite. Says plainly what it skips and why; exits with the first failure.
set -eu
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }

if ! have initdb && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    echo "PostgreSQL is needed for the tests: install the package postgresql (nothing is started as a service)." >&2
    exit 1
fi

if ! have redis-server && [ "${SWITCHYARD_SKIP_REDIS:-}" != 1 ]; then
    echo "Redis is needed for the tests: install the package redis-server (nothing is started as a service), or set" >&2
    echo "SWITCHYARD_SKIP_REDIS=1 to leave out what needs it." >&2
    exit 1
fi

have curl || echo "skipped: the calls of docs/coming-from (curl is not installed)"

echo "== Rust tests"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked
else
    echo "(cargo-nextest is not installed: cargo test runs the same tests, more slowly)"
    cargo test --workspace --locked
fi

echo "== Price import"
python3 -m unittest discover -s scripts -p 'test_*.py' -q

echo "== Real clients against the binary"
tests/clients/run.sh
