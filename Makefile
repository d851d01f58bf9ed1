# Two commands matter: `make demo` and `make test`. Both need only Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: chaos soak container-tools test-container help demo test lint typecheck unit test-slow test-browser synapse mailservers test-realserver screenshots bench bench-polling lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "chipwatch needs Python 3.11 or newer; name one with: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: requirements/runtime.lock $(VENV)/python
	@echo "installing the pinned packages into $(VENV) …"
	@$(PIP) --require-hashes -r requirements/runtime.lock
	@touch $@

$(VENV)/dev: requirements/dev.lock pyproject.toml $(VENV)/runtime
	@echo "installing the pinned development packages into $(VENV) …"
	@$(PIP) --require-hashes -r requirements/dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/runtime ## the main job on loopback with sample feeds, in under a minute
	@$(BIN)/python -m bot demo

test: lint typecheck unit ## every check that needs no root and no browser, but for the slow ones

lint: $(VENV)/dev ## ruff and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --verbose | tail -n 8

typecheck: $(VENV)/dev ## mypy --strict
	@$(BIN)/mypy

unit: $(VENV)/dev ## the tests
	@$(BIN)/python -m pytest -n 2 -m "not browser and not container and not slow and not realserver"

test-slow: $(VENV)/dev ## a simulated week of 2,000 feeds, bodies of many megabytes; some minutes
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

test-browser: $(VENV)/dev ## what people look at, in a real Chromium
	@$(BIN)/python -m pytest -m browser

# Synapse and its packages stay out of the bot's own environment.
SYNAPSE := .cache/synapse
$(SYNAPSE)/ready: requirements/realserver.lock $(VENV)/python
	@echo "installing the pinned Synapse into $(SYNAPSE) …"
	@$(PYTHON) -m venv $(SYNAPSE)
	@$(SYNAPSE)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/realserver.lock
	@touch $@

synapse: $(SYNAPSE)/ready

MAIL_PACKAGES := postfix dovecot-imapd dovecot-lmtpd spamassassin
mailservers:
	@if ! { command -v postfix && command -v dovecot && command -v spamassassin; } >/dev/null \
	  && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing $(MAIL_PACKAGES) …"; \
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq --no-install-recommends $(MAIL_PACKAGES)) >/dev/null 2>&1 \
	    || echo "they can't be installed here: their tests are skipped"; \
	fi

test-realserver: $(VENV)/dev synapse mailservers ## channels against Synapse, and where root has them Postfix and Dovecot
	@$(BIN)/python -m pytest -m realserver tests/realserver

CONTAINER_TOOLS := buildah debootstrap
container-tools:
	@if ! { command -v buildah && command -v debootstrap; } >/dev/null \
	  && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing $(CONTAINER_TOOLS) …"; \
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq --no-install-recommends $(CONTAINER_TOOLS)) >/dev/null 2>&1 \
	    || echo "they can't be installed here: the tests of the image are skipped"; \
	fi

test-container: $(VENV)/dev container-tools ## the image, built by its Dockerfile and run confined, without an engine
	@$(BIN)/python -m pytest -m container tests/container

chaos: $(VENV)/dev ## the bot killed 300 times; what was told must be told once. A quarter of an hour
	@$(BIN)/python -m tests.chaos

soak: $(VENV)/dev ## a simulated month with 500 feeds, restarts and reloads; half an hour
	@$(BIN)/python -m tests.soak

screenshots: $(VENV)/runtime ## the README's pictures, made anew from the demo (needs Chromium)
	@$(BIN)/python docs/make_screenshots.py

bench: $(VENV)/dev ## benchmarks; figures are ratios within one run
	@for file in bench/*.py; do $(BIN)/python $$file || exit 1; done
	@$(BIN)/python -m bench.scale
	@$(BIN)/python -m bench.polling --quick

bench-polling: $(VENV)/dev ## 1,000 feeds beside other feed readers; takes half an hour
	@$(BIN)/python -m bench.polling --install

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: ## pin all packages anew, with hashes (needs uv)
	$(COMPILE) pyproject.toml -o requirements/runtime.lock
	$(COMPILE) -c requirements/runtime.lock --extra postgres --extra dkim --extra apprise pyproject.toml -o requirements/image.lock
	$(COMPILE) -c requirements/image.lock --extra postgres --extra dkim --extra apprise --group dev pyproject.toml -o requirements/dev.lock
	$(COMPILE) -c requirements/dev.lock requirements/build.in -o requirements/build.lock
	$(COMPILE) requirements/realserver.in -o requirements/realserver.lock

clean:
	rm -rf $(VENV) .cache data demo-output build dist
