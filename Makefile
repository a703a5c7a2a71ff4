# Each target makes .venv by itself from requirements.lock and says what is missing on this machine.
# `make demo` and `make test` are the two commands a fresh machine needs.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
# command=Debian package that has it; needed by the tests only
TEST_TOOLS := cc=gcc faketime=faketime /usr/lib/postgresql/*/bin/initdb=postgresql \
	node=nodejs npm=npm /usr/sbin/mosquitto=mosquitto openssl=openssl
NODE_READY := tests/node_modules/.package-lock.json
ROUNDS ?= 20
INPUTS ?= 20000
TORTURE := $(addprefix tests/test_,power_cut.py journal_faults.py full_disk.py clock_steps.py rebuild.py \
	end_to_end_restart.py)
.DEFAULT_GOAL := help
.PHONY: help demo test check pytest fuzz properties torture bench peers lock clean tools

help:
	@echo "make demo    two simulated dock doors, a van and the daemon, for 20 s; events against the truth"
	@echo "make test    check, then every test, with the coverage gate"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make fuzz    every codec under arbitrary bytes, guided by what they reach (INPUTS=20000 for each)"
	@echo "make properties  every property test again and again, with other examples each time (ROUNDS=20)"
	@echo "make torture power cuts, bad disks, clocks that are set, at other moments each time (ROUNDS=20)"
	@echo "make bench   what this machine can do, and how right the location events are (build/bench/accuracy.md)"
	@echo "make peers   other people's LLRP clients and readers against ours"
	@echo "make lock    write requirements.lock anew (needs pip-tools)"

demo: $(READY)
	$(RUN) -m gateway.cli demo --seconds 20

test: check pytest

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

pytest: $(READY) tools $(NODE_READY)
	$(RUN) -m pytest -n 2 --dist worksteal --cov --cov-report=term --cov-fail-under=100

fuzz: $(READY)
	$(RUN) tests/fuzz/run.py --inputs $(INPUTS)

# each round: `properties` takes examples that no other took, `torture` another seed for the moments
properties: $(READY) tools
	for round in $$(seq $(ROUNDS)); do echo "round $$round of $(ROUNDS)"; \
		$(RUN) -m pytest -n 2 --dist worksteal -m hypothesis --hypothesis-profile=fuzz || exit 1; done

torture: $(READY) tools
	for round in $$(seq $(ROUNDS)); do echo "round $$round of $(ROUNDS)"; \
		TORTURE_SEED=$$round $(RUN) -m pytest -n 2 --dist worksteal $(TORTURE) || exit 1; done

bench: $(READY)
	$(RUN) -m gateway.cli bench
	$(RUN) -m gateway.cli bench accuracy --write build/bench

peers: $(READY)
	$(RUN) tests/peers/run.py

lock:
	pip-compile -q --generate-hashes --extra dev --allow-unsafe --strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*

$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, $$($(PYTHON) -V) is here: set PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory install PACKAGES=python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

tools:
	@missing=""; for pair in $(TEST_TOOLS); do \
		command -v $${pair%%=*} >/dev/null || missing="$$missing $${pair#*=}"; done; \
	[ -z "$$missing" ] || $(MAKE) --no-print-directory install PACKAGES="$$missing"

# TimescaleDB in WebAssembly, as tests/package-lock.json names it
$(NODE_READY): tests/package.json tests/package-lock.json | tools
	npm ci --prefix tests --no-audit --no-fund
	@touch $@

# As root the missing Debian packages are installed; anybody else is told which line to run.
.PHONY: install
install:
	@[ "$$(id -u)" = 0 ] || { echo "missing; run: sudo apt-get install $(PACKAGES)"; exit 1; }
	@command -v apt-get >/dev/null || { echo "missing; install what Debian calls: $(PACKAGES)"; exit 1; }
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(PACKAGES)
