# All that CI, and a newcomer, have to know. `make` alone prints the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What tools/setup got comes first, so that the system's CMake and Ninja do not matter.
export PATH := $(CURDIR)/.tools/bin:$(PATH)
# The binaries are promised in target/release, whatever cargo's own settings say.
export CARGO_TARGET_DIR := $(CURDIR)/target
export CUSTOMERS
# As it was typed: make would take the dollars in it for variables of its own.
override CLUSTER_LOAD := $(value CLUSTER_LOAD)
export CLUSTER_LOAD

# In CI the lock file is law.
CARGO_FLAGS := --release $(if $(CI),--locked)
# Every target compiles the whole workspace: a part of it would choose other features, and compile C-core again for them.
WORKSPACE := $(CARGO_FLAGS) --workspace
TESTBED := target/release/testbed
PYTHON := .tools/python/bin/python -I -B
MANIFESTS := $(PYTHON) tools/manifests

.PHONY: help
help: ## Print the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target does; do \
		printf '  %-15s %s\n' "$$target" "$$does"; done

.PHONY: preflight
preflight:
	@tools/preflight

.PHONY: setup
setup: preflight ## Get CMake, Ninja and Envoy into .tools/ (the first step of all below)
	@tools/setup

.PHONY: build
build: setup ## Build the server, the client and the testbed into target/release/
	cargo build $(WORKSPACE)

.PHONY: customers
customers:
	@[ -z "$$CUSTOMERS" ] || [ -r "$$CUSTOMERS" ] || { echo "demo: CUSTOMERS=$$CUSTOMERS: no such file, or none that may be read" >&2; exit 2; }

.PHONY: demo
demo: customers build ## Import a customer list through Envoy and show the spread (CUSTOMERS=path: your own list)
	@$(TESTBED) demo $${CUSTOMERS:+--customers "$$CUSTOMERS"}

.PHONY: test
test: build ## Run every test, end to end through real Envoy too
	@tools/setup test
	cargo test $(WORKSPACE)

# What is tried without corking too; the gate takes the two that say most in a minute.
UNCORKED ?= e2e history faults drain bad_input tls program channels
.PHONY: test-uncorked
test-uncorked: build ## Run the end-to-end tests once more with a write for each answer (CORKING=off)
	@tools/setup test
	CORKING=off cargo test $(WORKSPACE) $(addprefix --test ,$(UNCORKED))

.PHONY: xds-test
xds-test: setup ## Try xds:/// against a control plane, in a build that has it (compiles C-core once more)
	@tools/setup test xds
	GRPC_XDS=on cargo test $(CARGO_FLAGS) --target-dir target/xds --package ticketing-client --test channels -- xds::

.PHONY: sanitize
sanitize: setup ## Run corking under AddressSanitizer and ThreadSanitizer, C-core included (20 minutes the first time)
	@tools/sanitize address
	@tools/sanitize thread

.PHONY: fuzz-lint
fuzz-lint: preflight
	cargo fmt --all --check --manifest-path fuzz/Cargo.toml
	CARGO_TARGET_DIR=target/fuzz cargo clippy $(CARGO_FLAGS) --manifest-path fuzz/Cargo.toml --all-targets -- -D warnings

.PHONY: fuzz-quick
fuzz-quick: preflight ## Fuzz what is parsed by hand for 10 s a target
	@tools/fuzz 10

.PHONY: fuzz
fuzz: preflight ## Fuzz it for minutes (SECONDS_EACH=300; FUZZ_SANITIZER=address with a nightly toolchain)
	@tools/fuzz $(or $(SECONDS_EACH),300)

.PHONY: lint
lint: format-check clippy codegen-check deny ## Check format, lints, generated code and dependencies

.PHONY: format-check
format-check: preflight
	cargo fmt --all --check

.PHONY: clippy
clippy: setup
	cargo clippy $(WORKSPACE) --all-targets -- -D warnings

.PHONY: codegen-check
codegen-check: setup
	cargo run $(CARGO_FLAGS) --package ticketing-codegen -- --check

.PHONY: deny
deny: preflight ## Review the dependencies: bans, licences, sources, advisories
	@tools/setup lint
	@tools/deny

.PHONY: codegen
codegen: setup ## Write the generated code of proto/ again
	cargo run $(CARGO_FLAGS) --package ticketing-codegen

.PHONY: images
images: ## Build the images of server and client, tagged with the version
	@tools/images

.PHONY: base-images
base-images: ## Make stand-ins for the base images where no registry can be reached (as root)
	@tools/base-images

.PHONY: compose-test
compose-test: build images ## Bring compose.yaml up, scale, kill and restart it, and look for every customer
	@$(TESTBED) compose

.PHONY: figures
figures: figures-main figures-store figures-images figures-channels figures-chaos figures-bench ## Measure all figures

.PHONY: figures-main
figures-main: build ## Measure the figures of the main job: spread, import, start
	@$(TESTBED) figures main

.PHONY: figures-store
figures-store: build ## Measure the figures of the store: group commit, pages, histories under kills, a million rows
	@tools/setup test
	@$(TESTBED) figures store

.PHONY: balance
balance: build ## Compare ways to balance calls over pods, and write docs/balancing.md, in 8 minutes (as root)
	@$(TESTBED) balance

.PHONY: figures-channels
figures-channels: build ## Measure the figures of channels and tools, in 8 minutes (needs h2load)
	@$(TESTBED) figures channels

.PHONY: chaos
chaos: build ## Try rollouts, faults, attacks and renewals, and write docs/reliability.md, in some minutes (as root; SOAK=1: ten minutes of faults at random)
	@tools/setup test
	@$(TESTBED) chaos $(if $(SOAK),--soak)

.PHONY: figures-chaos
figures-chaos: build ## Measure the figures of rollouts, faults, attacks and certificates
	@tools/setup test
	@$(TESTBED) figures chaos

.PHONY: bench-build
bench-build: build
	@tools/setup test
	cargo build $(CARGO_FLAGS) --workspace --manifest-path bench/Cargo.toml
	@bench/peers/build target/peers

.PHONY: bench
bench: bench-build ## Compare the server with its peers, and write docs/performance.md, also where a figure is short
	@short=0; target/release/ticketing-bench figures || short=$$?; target/release/ticketing-bench report && exit $$short

.PHONY: bench-quick
bench-quick: bench-build ## Tell the key ratios and the instructions of a call beside bench/baseline.json, in 2 minutes
	@target/release/ticketing-bench quick

.PHONY: bench-baseline
bench-baseline: bench-build ## Measure as bench-quick does, and keep it as bench/baseline.json
	@target/release/ticketing-bench baseline

.PHONY: figures-bench
figures-bench: bench-build ## Measure the figures of the bench, 40 minutes (needs h2load, valgrind, C++'s and Go's gRPC)
	@target/release/ticketing-bench figures

.PHONY: scaling-page
scaling-page: bench-build ## Measure anew what docs/scaling.md and `ticketing-client capacity` count with (needs h2load)
	@target/release/ticketing-bench scaling measure

.PHONY: bench-lint
bench-lint: build
	cargo fmt --all --check --manifest-path bench/Cargo.toml
	cargo clippy $(CARGO_FLAGS) --workspace --manifest-path bench/Cargo.toml --all-targets -- -D warnings
	cargo test $(CARGO_FLAGS) --workspace --manifest-path bench/Cargo.toml

.PHONY: manifests
manifests: setup ## Write what manifests/ and overlays/ repeat of other files (CANARY=25: the canary's share in percent)
	@tools/setup manifests
	@$(MANIFESTS) write $(if $(CANARY),--canary "$(CANARY)")

.PHONY: manifests-check
manifests-check: setup ## Check manifests and overlays, and show that each check rejects broken examples
	@tools/setup manifests
	@$(MANIFESTS) check
	@$(MANIFESTS) prove
	cargo test $(WORKSPACE) --test manifests

.PHONY: cluster-test
cluster-test: setup ## Try all of it on the cluster of kubectl (CLUSTER_LOAD='kind load docker-image')
	@tools/setup manifests
	@$(PYTHON) tools/cluster-test $(if $(CLUSTER_NAMESPACE),--namespace "$(CLUSTER_NAMESPACE)")

.PHONY: figures-images
figures-images: build images ## Measure the figures of images, compose and cluster
	@$(TESTBED) figures images

.PHONY: certs
certs: ## Make certificates for development in certs/ (tools/certs: renew them, and make odd ones)
	@tools/certs certs

.PHONY: clean-tools
clean-tools: ## Remove what tools/setup got
	rm -rf .tools
