# The only task runner. `make run` and `make test` are all that a newcomer needs.
SHELL := /bin/sh
CARGO ?= cargo
ARGS ?=

.DEFAULT_GOAL := help

help: ## What can be done
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z%-]+):.*## /\1\t/' | expand -t 18

run: ## Build (release) and start on 127.0.0.1:3044 with SQLite in ./data
	$(CARGO) build --release --locked
	./target/release/switchyard serve $(ARGS)

test: ## The whole suite: Rust tests on both databases, then real clients against the binary
	scripts/test.sh

check: ## Types and lints only
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

fmt: ## Format the sources
	$(CARGO) fmt --all

lint: ## Formatting, lints, and what the dependencies bring: licences, sources, banned packages, advisories
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	CARGO="$(CARGO)" scripts/dependencies.sh

bench: ## Cost of a call beside a plain reverse proxy and a bare one, interleaved (prints figures)
	bench/run.sh $(ARGS)

properties: ## All properties of the dialects with 10,000 cases each, or as many as ARGS says
	PROPTEST_CASES=$(or $(ARGS),10000) $(CARGO) test --locked -p switchyard-dialects -- --show-output

fuzz: ## Fuzz the dialects on a nightly compiler: all, 10 minutes each, or ARGS="gemini 60"
	CARGO="$(CARGO)" scripts/fuzz.sh $(ARGS)

prove-%: ## Prove a promise at full size and print the figures: prove-p1, -p2, -p3, -p4, -p5, -p6, -p7, -p8, -p9, -p10, -p12, -p13, -p17, -p18, -p19, -p21, -p22, -fleet
	$(CARGO) run --release --locked -p switchyard-tests --bin prove -- $* $(ARGS)

prove-schema: ## schemathesis against the running server and its own OpenAPI document, as somebody of each role: ARGS="CASES ROLE"
	python3 tests/attacks/schema.py $(ARGS)

prove-sqlmap: ## sqlmap against the login, ids, queries and credential headers of the running server: ARGS="LEVEL RISK"
	python3 tests/attacks/sqlmap.py $(ARGS)

dist: ## The binary that is shipped: with link-time optimisation
	$(CARGO) build --profile dist --locked

generated: ## Rewrite what is generated: OpenAPI, settings, vendors, dialects, recordings
	UPDATE=1 $(CARGO) test --locked -q -p switchyard-http --test it document
	UPDATE=1 $(CARGO) test --locked -q -p switchyard --test settings documents
	UPDATE=1 $(CARGO) test --locked -q -p switchyard-providers --test vendors
	UPDATE=1 $(CARGO) test --locked -q -p switchyard-tests --test dialects page
	UPDATE=1 $(CARGO) test --locked -q -p switchyard-dialects --test scores

import-prices: ## Refresh the built-in price catalogue from its pinned sources
	python3 scripts/import_prices.py

.PHONY: help run test check fmt lint properties fuzz bench dist generated import-prices prove-schema prove-sqlmap
