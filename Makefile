# CrowdLens. `make help` lists what there is; `make demo` and `make test` are the two commands.
SHELL := /bin/sh
PYTHON ?= python3
OUT ?= out/demo
BIN := .venv/bin
CODE := contract edge_components lambdas athena quicksight infra training cli tests docs/pictures $(wildcard app.py)
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-cdk demo console test lint format type synth pr e2e device deploy-local chaos simulate fuzz explore soak bench bench-trackers
.PHONY: components wheelhouse train-demo lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@sh infra/local/setup.sh demo

setup-dev:
	@sh infra/local/setup.sh dev

demo: setup ## run camera to dashboard on this machine [SOURCE= SCENE= MODEL= OUT= SECONDS= HEADLESS=1]
	@$(BIN)/crowdlens demo --out "$(OUT)" $(if $(SOURCE),--source "$(SOURCE)") $(if $(SCENE),--scene "$(SCENE)") \
		$(if $(MODEL),--model "$(MODEL)") $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(HEADLESS),--headless)

console: ## look at live figures, cameras, events and history in a browser [LAKE=out/demo/lake]
	@sh infra/local/setup.sh console
	@$(BIN)/crowdlens console --lake "$(or $(LAKE),out/demo/lake)"

test: setup-dev ## run the whole suite
	$(BIN)/python -m tests.suite -m "not bench and not e2e and not device" -n 2 --dist loadgroup $(ARGS)

lint: setup-dev ## check format and style
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)

format: setup-dev ## put the code into its format
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

type: setup-dev ## check types (strict)
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.10 -p contract -p edge_components

synth: setup-dev ## write the CloudFormation templates to cdk.out/
	JSII_NODE=$$($(BIN)/python -m infra.node) $(BIN)/python app.py

pr: lint type test synth ## what a pull request must pass

setup-cdk:
	@sh infra/local/setup.sh cdk

e2e: setup-cdk ## run the demo as a user would, kill it, run two at once; deploy-local
	$(BIN)/python -m tests.suite -m "e2e and not device" $(ARGS)

device: setup-dev ## run the devices' components as processes under both nuclei; kill, hang and restart them [about 6 minutes]
	$(BIN)/python -m tests.suite -m device $(ARGS)

deploy-local: setup-cdk ## deploy the stacks into MiniStack by the CDK command line, send records, destroy
	$(BIN)/python -m pytest -m deploy -s $(ARGS)

chaos: setup-dev ## kill, cut off and fill up real processes at random, then count every record [RUNS=20 SEED=1, about 1 minute a run]
	$(BIN)/python -m tests.chaos --runs $(or $(RUNS),20) --seed $(or $(SEED),1)

simulate: setup-dev ## play schedules of faults in virtual time, then count every record [SEEDS=5000, up to 1.5 s a seed]
	$(BIN)/python -m tests.chaos.simulate --seeds 0:$(or $(SEEDS),5000) --counts

fuzz: setup-dev ## damage messages and lake objects by the hundred thousand [SEED=1, about 10 minutes]
	$(BIN)/python -m tests.fuzz --messages 100000 --objects 20000 --seed $(or $(SEED),1)

explore: setup-dev ## run the property tests on inputs that no run has tried, five times over [TIMES=5]
	for turn in $$(seq $(or $(TIMES),5)); do \
		$(BIN)/python -m pytest -q -m "hypothesis and not bench and not e2e and not device" -n 2 --hypothesis-profile explore $(ARGS) || exit 1; \
	done

soak: setup-dev ## watch the memory of every process while camera and network come and go [MINUTES=60]
	PYTHONPATH=. $(BIN)/python tests/bench/bench_soak.py --minutes $(or $(MINUTES),60)

bench: setup-dev ## measure against the naive way, the best library and the raw limit
	@sh infra/local/setup.sh bench
	$(BIN)/python tests/bench/all.py $(ARGS)

bench-trackers: setup-dev ## measure our tracker against public ones, side by side [needs about 12 minutes]
	@sh infra/local/setup.sh trackers
	$(BIN)/python tests/bench/bench_trackers.py $(ARGS)

components: setup-dev ## hold the devices' recipes and versions.lock to their rules
	$(BIN)/python -m infra.fleet check

wheelhouse: setup-dev ## fetch the devices' wheels, check them, install them offline [needs a package index]
	$(BIN)/python -m infra.fleet wheelhouse

train-demo: setup ## train the shipped person detector anew [needs about an hour and PyTorch]
	@sh infra/local/setup.sh training
	.tools/training/bin/python -m training all $(ARGS)

lock: ## resolve the dependencies anew into requirements/*.lock
	@sh infra/local/setup.sh demo
	.tools/uv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet $(ARGS) -o requirements/demo.lock
	.tools/uv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --quiet $(ARGS) -c requirements/demo.lock -o requirements/dev.lock
	.tools/uv/bin/uv pip compile pyproject.toml --extra console --universal --python-version 3.11 --generate-hashes --quiet $(ARGS) -c requirements/dev.lock -o requirements/console.lock
	.tools/uv/bin/uv pip compile requirements/ministack.in --universal --python-version 3.11 --generate-hashes --quiet $(ARGS) -o requirements/ministack.lock
	$(BIN)/python -m infra.fleet lock-libraries

clean: ## remove environments and everything built
	rm -rf .venv .tools .cache build cdk.out out .pytest_cache .mypy_cache .ruff_cache
