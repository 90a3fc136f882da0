# Every target works from a fresh clone; `make install` alone sets up everything.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test lint type unit chaos soak audit-deps deploy-check deploy-files kubeconform observe image-check bench bench-guard bench-baseline bench-recovery bench-scrape bench-peers bench-docs curves image lock schemas clean

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: $(STAMP) ## create .venv with the listener command (Python 3.11 is all it needs)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Listener needs Python 3.11 (found: $$($(PYTHON) --version)). Try: make install PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: install ## count a sample stream through a real Kafka on this machine
	$(BIN)/listener demo

test: install ## all tests, real Kafka included
	$(BIN)/python -m pytest

unit: install ## the tests that need no broker
	$(BIN)/python -m pytest -m 'not broker'

lint: install ## ruff, formatter and type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit-deps: install ## the lock files: pinned, hashed, as asked for, as installed (advisories need a network: docs/operations/secure.md)
	$(BIN)/python -m deploy.lockfile

deploy-check: install ## rules, routes, manifests and dashboards of deploy/ (needs promtool, amtool, kubectl)
	$(BIN)/python -m pytest tests/deploy

deploy-files: install ## make the generated files of deploy/ anew
	$(BIN)/python -m deploy.generate

kubeconform: install ## the rendered manifests against all schemas there are, those of the operators too (needs go, kubeconform)
	$(BIN)/python -m tests.deploy.kubeconform

observe: install ## the demo under Prometheus and Alertmanager, and what every panel of the dashboards shows
	$(BIN)/python -m tests.deploy.observe

chaos: install ## faults into a running cluster, counts compared with a recount: make chaos SEED=1
	$(BIN)/python -m tests.chaos.run --seed $(or $(SEED),1)

soak: install ## steady load for a long time, slopes of memory, files and changelogs: make soak MINUTES=30
	$(BIN)/python -m tests.chaos.soak --minutes $(or $(MINUTES),30)

bench: install bench-recovery bench-scrape ## CPU per million posts against a bare consumer loop; writes build/bench.json
	$(BIN)/python -m tests.bench.run

bench-guard: install ## CI: worker by bare loop, against the ratio of the last release; half a minute
	$(BIN)/python -m tests.bench.guard

bench-baseline: install ## at a release: record that ratio in tests/bench/baseline.json
	$(BIN)/python -m tests.bench.guard --update --rounds 5

bench-recovery: install ## from SIGKILL to ready with a million tracked posts
	$(BIN)/python -m tests.bench.recovery

bench-scrape: install ## a page of 5,000 series, and a worker that is scraped a hundred times a second
	$(BIN)/python -m tests.bench.scrape

bench-peers: install ## the same job in other engines, with our matcher and with theirs; writes build/peers.json
	$(BIN)/python -m tests.bench.peers.run

curves: install ## what a post costs by keywords, campaigns, matches, length, partitions, workers; latency by load
	$(BIN)/python -m tests.bench.curves
	$(BIN)/python -m tests.bench.scaling
	$(BIN)/python -m tests.bench.latency

bench-docs: install ## put the tables of these, as far as they were run, into docs/performance.md
	$(BIN)/python -m tests.bench.record

COMPILE = $(BIN)/uv pip compile --generate-hashes --no-emit-index-url --python-version 3.11 \
	--custom-compile-command 'make lock' --no-annotate --quiet

lock: install ## renew requirements.lock from pyproject.toml, and those of the image from it
	$(COMPILE) pyproject.toml --group dev --upgrade -o requirements.lock
	$(COMPILE) pyproject.toml -c requirements.lock --upgrade -o deploy/docker/requirements.lock
	$(COMPILE) deploy/docker/build.in -c requirements.lock --upgrade -o deploy/docker/build.lock

BASE_IMAGE ?= docker.io/library/python:3.11-slim-bookworm
image: ## build the container image with buildah, as localhost/listener
	buildah build --format docker $(BUILD_OPTIONS) --build-arg BASE_IMAGE=$(BASE_IMAGE) \
		-f deploy/docker/Dockerfile -t listener .

image-check: install ## run the image with podman as it is deployed, and compare its counts with a recount
	$(BIN)/python -m tests.deploy.image_check $(CHECK_OPTIONS)

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
