# One word for each thing one does here. `make` alone lists them.

BIN := .venv/bin
STAMP := .venv/.stamp
IMAGE ?= alertd
BASE ?= python:3.11-slim
LOCK ?= extras
BUILDER ?= $(firstword $(notdir $(foreach name,docker podman buildah,$(shell command -v $(name)))))

.PHONY: help run test check bench micro setup lock proto image clean
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

help: ## this list
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 10

run: $(STAMP) ## see it at work: a real Prometheus, a mail catcher, a webhook receiver, an alert that fires and resolves
	@if [ -z "$(PROMETHEUS_URL)" ]; then .ci/debs prometheus=prometheus; fi
	@$(BIN)/python -m tests.e2e.demo

test: check ## everything that must hold: `check`, and all tests, those with real servers included
	@.ci/debs prometheus=prometheus promtool=prometheus amtool=prometheus-alertmanager victoria-metrics=victoria-metrics
	@.ci/pprof
	$(BIN)/pytest $(or $(ARGS),--numprocesses 4 --dist worksteal)

check: $(STAMP) ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## alertd beside vmalert and Prometheus, each with an Alertmanager; takes about 20 minutes
	@.ci/debs prometheus=prometheus prometheus-alertmanager=prometheus-alertmanager vmalert=victoria-metrics
	@$(BIN)/python -m tests.e2e.bench $(ARGS)

micro: $(STAMP) ## how many instructions the most frequent works take; ARGS='--against HEAD~1' compares
	@.ci/debs valgrind=valgrind
	@$(BIN)/python -m tests.e2e.bench.micro $(ARGS)

setup: $(STAMP) ## the environment, in .venv; all other words begin with it

$(STAMP): pyproject.toml .ci/setup $(wildcard .ci/locks/*.txt)
	@.ci/setup

lock: $(STAMP) ## write the locked versions anew; UPGRADE=1 takes the newest
	.ci/lock

proto: $(STAMP) ## generate what speaks gRPC from alertd/rpc/alerts.proto
	$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. alertd/rpc/alerts.proto

image: ## build the container image with docker, podman or buildah
	$(or $(BUILDER),$(error needs docker, podman or buildah)) build $(if $(filter docker,$(BUILDER)),,--format docker) --build-arg BASE=$(BASE) --build-arg LOCK=$(LOCK) --tag $(IMAGE) .

clean: ## remove what the words above have made
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
