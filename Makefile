# Everything a newcomer needs: `make demo` shows it, `make test` proves it. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Where it is set, each of the hundreds of processes that tests start compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := contract runtime ingest reassembler analyzer console device faultcast
STAMP := $(VENV)/.installed
UV := VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv --quiet pip

# Programs that the tests and the fixtures use, and the Debian packages that bring them.
TOOLS := mosquitto:mosquitto mosquitto_pub:mosquitto-clients redis-server:redis-server gdb-multiarch:gdb-multiarch \
	qemu-system-arm:qemu-system-arm arm-none-eabi-gcc:gcc-arm-none-eabi arm-none-eabi-objdump:binutils-arm-none-eabi \
	qemu-system-riscv32:qemu-system-misc riscv64-unknown-elf-gcc:gcc-riscv64-unknown-elf \
	qemu-system-x86_64:qemu-system-x86 aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu g++:g++ \
	chromium:chromium pg_ctlcluster:postgresql curl:curl cmake:cmake

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: setup
setup: $(STAMP) ## Install Faultcast and everything for its development into .venv

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Faultcast needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "no venv: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	@echo "installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(UV) install --no-deps --require-hashes -r requirements.lock
	@$(UV) install --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: setup ## A real crash, from the device's chunks to the event: no broker, Redis or Docker needed
	@$(BIN)/python examples/demo.py

.PHONY: test
test: tools check unit ## Lint, types, arrows, all tests but those of a whole console in a browser (installs services and tools on Debian and Ubuntu)

.PHONY: check
check: setup ## Lint, formatting, types, arrows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

.PHONY: unit
unit: setup ## All tests but those of a whole console in a browser, which are for `make test-console`
	@$(BIN)/pytest -q -n 2 --ignore=tests/console/browser

.PHONY: test-console
test-console: setup tools ## The console alone: its pages in a real browser with real broker, Redis and workers behind them
	@$(BIN)/pytest -q -n 2 --dist loadfile tests/console

.PHONY: tools
tools: ## Install the services and tools that the tests use, where they are missing (Debian, Ubuntu)
	@missing=""; for tool in $(TOOLS); do \
		PATH="$$PATH:/usr/sbin:/sbin" command -v "$${tool%%:*}" >/dev/null || missing="$$missing $${tool##*:}"; \
	done; \
	if [ -n "$$missing" ]; then \
		command -v apt-get >/dev/null || { echo "please install:$$missing"; exit 1; }; \
		sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		echo "installing$$missing …"; \
		$$sudo apt-get update -qq; \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

.PHONY: bench
bench: setup tools ## Measure: ingest, reassembler and analyzer beside their peers
	@$(BIN)/python -m benchmarks

.PHONY: bench-analyzer
bench-analyzer: setup tools ## Measure the analyzer beside gdb; the last line is the ratio
	@$(BIN)/python -m benchmarks.analyzer

.PHONY: bench-memory
bench-memory: setup ## Measure how much memory an analyzer worker comes to hold (Linux)
	@$(BIN)/python -m benchmarks.analyzer_memory

.PHONY: bench-first-report
bench-first-report: setup ## Measure the first report of a new firmware: FOLDER=… with dump.core and an ELF file (Linux)
	@$(BIN)/python -m benchmarks.first_report $(FOLDER)

.PHONY: bench-console
bench-console: setup tools ## Measure the console: a million crashes on both databases, event to browser, catching up
	@$(BIN)/python -m benchmarks.console
	@$(BIN)/python -m benchmarks.console_live
	@$(BIN)/python -m benchmarks.console_catch_up

SECONDS ?= 60
.PHONY: fuzz
fuzz: setup ## Fuzz everything that reads bytes of others, SECONDS=… for each target (Linux on x86-64)
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

.PHONY: fixtures
fixtures: setup tools ## Build the example firmware, crash it, record gdb's answers and the expected reports
	@$(MAKE) -C examples/firmware fixtures PYTHON=$(abspath $(BIN)/python)
	@$(BIN)/python -m tests.analyzer.record_reports

.PHONY: lock
lock: setup ## Resolve the dependencies again
	@$(BIN)/uv pip compile --quiet --universal --upgrade --prerelease=if-necessary-or-explicit --generate-hashes \
		--no-emit-index-url --no-header --group dev --all-extras pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## Remove what was built and installed
	@rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
