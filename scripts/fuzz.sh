#!/bin/sh
# Fuzzes the dialects: fuzz.sh [TARGET|all] [SECONDS]. All targets for 10 minutes each unless told otherwise; ends with the
# first finding, which libFuzzer writes to fuzz/artifacts/<target>/.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
target=${1:-all}
seconds=${2:-600}

if ! rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    echo "Fuzzing needs a nightly compiler, for its coverage counters: rustup toolchain install nightly --profile minimal" >&2
    exit 1
fi
if ! $cargo fuzz --version >/dev/null 2>&1; then
    echo "Fuzzing needs cargo-fuzz: cargo install cargo-fuzz --locked" >&2
    exit 1
fi

targets=$($cargo +nightly fuzz list)
if [ "$target" != all ]; then
    if ! echo "$targets" | grep -qx "$target"; then
        echo "There is no target $target. Targets: all" $targets >&2
        exit 1
    fi
    targets=$target
fi

# A stripped binary can't say where it panicked.
export CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_DEBUG=line-tables-only
# Our crates have no unsafe code for a sanitizer to watch, and without one more inputs are tried in the same time.
for target in $targets; do
    echo "== $target, $seconds seconds"
    mkdir -p "fuzz/corpus/$target"
    python3 scripts/fuzz_seeds.py "$target" "fuzz/seeds/$target"
    $cargo +nightly fuzz run --features fuzzer --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -dict="fuzz/seeds/$target.dict" \
        -print_final_stats=1
done
