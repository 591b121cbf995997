#!/bin/sh
# Real clients against the binary, with only the address and the key changed: SDKs, frameworks and agents. Builds what it needs,
# installs the clients into target/clients, and prints one line a case. `run.sh langchain agents` runs those suites
# alone, PROFILE=release the release binary.
set -eu
cd "$(dirname "$0")/../.."
exec python3 tests/clients/run.py "$@"
