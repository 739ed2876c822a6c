# Haechi: `make demo` and `make test` set up everything they need (Python 3.11 or newer with venv, make; Debian's apt for test programs).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
OUT := out
# Programs of other makers that tests start, and the Debian package of each.
TEST_PROGRAMS := gcc=gcc /usr/include/stdio.h=libc6-dev mosquitto=mosquitto mosquitto_sub=mosquitto-clients mosquitto_pub=mosquitto-clients mbpoll=mbpoll socat=socat openssl=openssl mosquitto_passwd=mosquitto
# What `make bench` builds and runs other makers' Modbus clients with.
BENCH_PROGRAMS := gcc=gcc /usr/include/stdio.h=libc6-dev /usr/include/modbus/modbus.h=libmodbus-dev
# Workers and extra arguments for pytest: make test WORKERS=0 ARGS='-k zone'. Three on two cores: many tests wait for clocks and sockets.
WORKERS := 3
ARGS :=
# Which bench: a part of its name (detector, modbus, scan, clock, verify); nothing means all.
ONLY :=
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
PIP_PINNED := $(PIP_INSTALL) --require-hashes --only-binary :all:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up: one stamp a step, all inside $(VENV), so that a second run is quick ------------------------------------
# An environment whose Python is gone or no longer new enough is made anew; one that works is kept.
$(VENV)/.stamp-venv:
	@$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { python=$$(sh deploy/tools/find-python) && echo "haechi: making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV); }
	@touch $@

$(VENV)/.stamp-demo-pins: requirements/demo.txt $(VENV)/.stamp-venv
	@echo "haechi: installing requirements/demo.txt"
	@$(PIP_PINNED) -r requirements/demo.txt
	@touch $@

# The pins of the tests contain those of the demo.
$(VENV)/.stamp-test-pins: requirements/test.txt requirements/demo.txt $(VENV)/.stamp-venv
	@echo "haechi: installing requirements/test.txt"
	@$(PIP_PINNED) -r requirements/test.txt
	@touch $(VENV)/.stamp-demo-pins $@

# So do those of the validation, and those of the bench.
$(VENV)/.stamp-validate-pins: requirements/validate.txt $(VENV)/.stamp-test-pins
	@echo "haechi: installing requirements/validate.txt"
	@$(PIP_PINNED) -r requirements/validate.txt
	@touch $@

$(VENV)/.stamp-bench-pins: requirements/bench.txt $(VENV)/.stamp-test-pins
	@echo "haechi: installing requirements/bench.txt"
	@$(PIP_PINNED) -r requirements/bench.txt
	@touch $@

$(VENV)/.stamp-mutants-pins: requirements/mutants.txt $(VENV)/.stamp-test-pins
	@echo "haechi: installing requirements/mutants.txt"
	@$(PIP_PINNED) -r requirements/mutants.txt
	@touch $@

# Editable: code is run from here, only the entry points and the version are copied.
$(VENV)/.stamp-project: pyproject.toml | $(VENV)/.stamp-venv
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The kernels are compiled ahead, those of the daemon and those of the simulator beside each other, if their source has changed.
$(VENV)/.stamp-kernels: $(shell find controller drivers sim_hardware -name '*.py')
	@$(BIN)/haechi kernels build --if-needed & ours=$$!; $(BIN)/haechi-sim kernels --if-needed; sim=$$?; wait $$ours && exit $$sim
	@touch $@

.PHONY: setup setup-test setup-bench setup-validate setup-mutants
setup: $(VENV)/.stamp-demo-pins ## .venv with what the demo needs
	@$(MAKE) --no-print-directory --silent $(VENV)/.stamp-project $(VENV)/.stamp-kernels

setup-test: $(VENV)/.stamp-test-pins ## .venv with what the tests need
	@$(MAKE) --no-print-directory --silent $(VENV)/.stamp-project $(VENV)/.stamp-kernels

setup-bench: $(VENV)/.stamp-bench-pins setup-test ## .venv with what the benches need

setup-validate: $(VENV)/.stamp-validate-pins setup-test ## .venv with what the validation needs

setup-mutants: $(VENV)/.stamp-mutants-pins setup-test ## .venv with what the mutants need

.PHONY: test-programs bench-programs
test-programs: ## Debian packages that the tests need
	@sh deploy/tools/debian-packages $(TEST_PROGRAMS)

bench-programs: ## Debian packages that the benches need
	@sh deploy/tools/debian-packages $(BENCH_PROGRAMS)

# --- the two commands -----------------------------------------------------------------------------------------------
.PHONY: demo test
demo: setup ## a battery-room fire on real sockets; the report goes to out/
	$(BIN)/haechi-sim drill runaway --out $(OUT)

test: setup-test test-programs lint ## all checks: ruff, import-linter, mypy, pytest
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# --- parts of it, and what is not run every time --------------------------------------------------------------------
.PHONY: lint bench soak validate mutants features timeline
lint: setup-test ## ruff, import-linter and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: setup-bench bench-programs ## ratios against peers, minutes: make bench ONLY=modbus for one of them (tests/bench)
	$(BIN)/python -m tests.bench $(ONLY)

soak: setup-test test-programs ## hours of drills and faults, looking for growth and drift (tests/soak)
	$(BIN)/python -m tests.soak

validate: setup-validate ## the plant against models and measurements, recorded fires against the detector: make validate DATA=folder
	@test -d "$(DATA)" || { echo "haechi: validate needs the folder of recordings; remedy: make validate DATA=folder" >&2; exit 2; }
	$(BIN)/python -m tests.validation "$(DATA)"

mutants: setup-mutants ## change the deciding code in thousands of places, the tests must notice; hours: make mutants ONLY=zone.ladder
	$(BIN)/python -m tests.mutants $(ONLY)

features: setup-test test-programs ## run the tests of the field's features and write docs/features.md
	$(BIN)/python -m pytest -n $(WORKERS) -m feature --features=docs/features.md

timeline: setup ## draw the timeline of a run of the demo into docs/
	$(BIN)/haechi-sim drill runaway --out $(OUT) --timeline docs/timeline.svg

.PHONY: requirements
requirements: $(VENV)/.stamp-test-pins ## write the pinned, hashed requirement files anew from pyproject.toml
	@compile="$(BIN)/uv pip compile --quiet --no-config --universal --fork-strategy fewest --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header $(UPGRADE) \
		pyproject.toml requirements/build.in --extra sim"; \
	$$compile --extra test --output-file requirements/test.txt && \
	$$compile --constraint requirements/test.txt --output-file requirements/demo.txt && \
	$$compile --constraint requirements/test.txt --extra test --extra validate --output-file requirements/validate.txt && \
	$$compile --constraint requirements/test.txt --extra test --extra bench --output-file requirements/bench.txt && \
	$$compile --constraint requirements/test.txt --extra test --extra mutants --output-file requirements/mutants.txt
	@if grep -n '://' requirements/*.txt; then echo "haechi: an address in a requirement file" >&2; exit 1; fi

.PHONY: clean
clean: ## remove what runs and checks leave behind (keeps .venv)
	rm -rf $(OUT) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find controller drivers sim_hardware tests -name __pycache__ -type d -prune -exec rm -rf {} +
