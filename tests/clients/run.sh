#!/bin/sh
# The official OpenAI SDKs against the binary, with only the base URL and the key changed. Builds what it needs, installs the
# SDKs into target/clients, and prints one line a case.
set -eu
cd "$(dirname "$0")/../.."
exec python3 tests/clients/run.py "$@"
