# What a person types. `make` alone lists it.
# CARGO_TARGET_DIR is respected; CARGO_FLAGS goes to every build, as in `make test CARGO_FLAGS=--offline`.

CARGO ?= cargo
CARGO_FLAGS ?=

# Browsers are what a test waits for: with many cores, `cargo test` alone would start too many at once. nextest has
# groups of its own, in .config/nextest.toml.
export RUST_TEST_THREADS ?= 4

help:
	@echo 'make demo         install what is missing, build, run agents on all bundled tasks in live Chromium, and train a small model to click'
	@echo 'make test         install what is missing, and run every test'
	@echo 'make test-export  whether transformers loads what was trained here, with the same logits'
	@echo 'make check        formatting, lints, documentation, licences and directions of dependencies'
	@echo 'make bench-env    measure the browser against BrowserGym and against bare CDP calls'
	@echo 'make bench-model  measure the model against transformers'
	@echo 'make bench-crawl  measure the crawl against a crawler in Python with Playwright'
	@echo 'make setup        install what is missing, and nothing else'

setup:
	@scripts/setup

# The profile of the tests, not `--release`: a first build is ready in a fraction of the time, and what an episode waits
# for is Chromium. Codecs and hashes are optimised in both, see Cargo.toml.
demo:
	@scripts/setup
	$(CARGO) run --locked $(CARGO_FLAGS) -p glim -- demo

test:
	@scripts/setup --test
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    set -x; $(CARGO) nextest run --workspace --locked $(CARGO_FLAGS); \
	else \
	    set -x; $(CARGO) test --workspace --locked --lib --bins --tests --examples $(CARGO_FLAGS); \
	fi
	$(CARGO) test --workspace --locked --doc $(CARGO_FLAGS)

# What needs 2.6 GB of Python: whether transformers loads what was trained here.
test-export:
	@scripts/setup
	python=$$(scripts/transformers) && GLIM_TRANSFORMERS=$$python $(CARGO) test -p glim-train --locked $(CARGO_FLAGS) --test it reference:: -- --ignored

check:
	@scripts/setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked $(CARGO_FLAGS) -- -D warnings
	$(CARGO) clippy -p glim --no-default-features --locked $(CARGO_FLAGS) -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked $(CARGO_FLAGS)
	$(CARGO) test -p glim-tests --locked $(CARGO_FLAGS) workspace::

bench-env:
	@bench/env/run

bench-model:
	@bench/model/run

bench-crawl:
	@bench/crawl/run

.PHONY: help setup demo test test-export check bench-env bench-model bench-crawl
