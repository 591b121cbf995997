#!/bin/sh
# Builds what the benchmark measures and measures with, then runs it. Arguments go to the program: see --help.
set -eu
cd "$(dirname "$0")/.."

# Debian keeps it where an ordinary user's PATH does not look.
PATH="$PATH:/usr/sbin:/usr/local/sbin"
if ! command -v nginx >/dev/null 2>&1; then
    echo "nginx is needed to compare with: apt-get install --no-install-recommends nginx-light" >&2
    echo "(the benchmark starts one of its own; a service that the package started can be stopped)" >&2
    exit 1
fi

PROFILE="${PROFILE:-dist}"
case "$PROFILE" in dev) folder=debug ;; *) folder="$PROFILE" ;; esac

# By itself, so that it is the binary that is shipped: built together, the tools' features would be in it too.
cargo build --profile "$PROFILE" --locked -p switchyard-server --bin switchyard
cargo build --profile "$PROFILE" --locked -p switchyard-bench -p switchyard-testkit --bins

exec "${CARGO_TARGET_DIR:-target}/$folder/bench" "$@"
