#!/bin/sh
# What comes with other people's code: banned packages, licences, sources, and known vulnerabilities. Says plainly what it skips and
# why.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}

if ! $cargo deny --version >/dev/null 2>&1; then
    echo "skipped: banned packages, licences, sources and advisories (cargo-deny is not installed: cargo install cargo-deny --locked)"
    exit 0
fi

$cargo deny check bans licenses sources

if $cargo deny fetch db >/dev/null 2>&1; then
    $cargo deny check --disable-fetch advisories
else
    echo "skipped: advisories (RustSec's database can't be fetched from here)"
fi
