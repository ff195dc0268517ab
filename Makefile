# Every target sets up what it needs. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes
PIP := $(BIN)/python $(PIP_INSTALL)
# bytecode is kept: compiling our own modules anew takes a tenth of each start, and the tests start the bot hundreds of times
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run sandbox test check strings screenshot profile bench soak fuzz lock drill release clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | expand -t 12

$(VENV)/run: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Recipro needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Recipro needs (once) ..."
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.lock
	@echo "Installing what its tests need (once) ..."
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(BENCH_VENV)/bench: requirements-bench.lock
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	@echo "Installing what is measured beside Recipro (once) ..."
	@$(BENCH_VENV)/bin/python $(PIP_INSTALL) -r requirements-bench.lock
	@touch $@

run: $(VENV)/run ## the bot when TELEGRAM_BOT_TOKEN is set, else the sandbox with its page
	@if [ -n "$$TELEGRAM_BOT_TOKEN$$TELEGRAM_BOT_TOKEN_FILE" ] || grep -qsE '^TELEGRAM_BOT_TOKEN(_FILE)?=.' .env; \
	then exec $(BIN)/python -m bot run; else exec $(BIN)/python -m bot sandbox; fi

sandbox: $(VENV)/run ## two phones in a browser, no token needed
	@exec $(BIN)/python -m bot sandbox

test: $(VENV)/dev ## every test
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: $(VENV)/dev ## lint, types, layers, catalogs, content, known vulnerabilities
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python deploy/strings.py check
	@$(BIN)/python -m bot check-content
	@$(BIN)/codespell README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md SECURITY.md bot content/prompts/en-*
	@$(BIN)/python deploy/audit.py

strings: $(VENV)/dev ## extract the sentences and update every catalog
	@$(BIN)/python deploy/strings.py update

screenshot: $(VENV)/dev ## the README's pictures, played and taken
	@$(BIN)/python deploy/screenshot.py

profile: $(VENV)/dev ## the bot's pictures and texts for @BotFather
	@$(BIN)/python deploy/profile.py

bench: $(BENCH_VENV)/bench ## speed beside named peers, to build/bench (BENCH=group for one, QUICK=1 to see that it runs)
	@$(BENCH_VENV)/bin/python -m tests.bench $(BENCH)

soak: $(BENCH_VENV)/bench ## a day of 100,000 people with trouble on the way, to build/bench
	@$(BENCH_VENV)/bin/python -m tests.bench.soak

fuzz: $(VENV)/dev ## 100,000 updates that nobody planned, to the real bot (UPDATES=1000 SEED=7 for others)
	@$(BIN)/python -m tests.fuzz $(or $(UPDATES),100000) $(SEED)

lock: $(VENV)/dev ## pin every dependency with its hashes
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --universal \
	  --python-version 3.11 pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --universal \
	  --python-version 3.11 pyproject.toml --group dev -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --no-annotate --universal \
	  --python-version 3.11 pyproject.toml --group dev --group bench -o requirements-bench.lock

drill: $(VENV)/dev ## outages at full length: PostgreSQL gone for 30 s, two replicas killed for two minutes, a backup restored
	@OUTAGE_SECONDS=30 REPLICA_SECONDS=120 $(BIN)/python -m pytest -s \
	  tests/faults/test_outage.py tests/faults/test_replicas.py tests/faults/test_backup.py tests/faults/test_disk.py

release: check ## VERSION=1.2.3: version, changelog, wheel, tag
	@$(BIN)/python deploy/release.py "$(VERSION)"

clean: ## remove what can be made again
	@rm -rf $(VENV) $(BENCH_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
