# Every target works from a fresh clone: what it needs is installed first, into .venv or .venv-sam, once.

PORT ?= 3000
STAGE ?= dev
WORKERS ?= auto
PYTHON ?= python3

export PORT
# Nothing here reports to anyone.
export SAM_CLI_TELEMETRY = 0

venv = $(PYTHON) tools/venv.py
python = .venv/bin/python
# The SAM CLI builds for Python 3.13 with the python3.13 that it finds first.
sam = PATH="$(CURDIR)/.venv-sam/bin:$$PATH" .venv-sam/bin/sam
# samconfig.toml calls the stage that a plain `sam deploy` means "default".
config = --config-env $(if $(filter dev,$(STAGE)),default,$(STAGE))

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start the product on this machine, at http://127.0.0.1:3000 (PORT=..., ARGS=...)
	@$(venv) .venv local
	@exec $(python) -m local_stack $(ARGS)

.PHONY: test
test: ## Run all tests but those of the real sam local (WORKERS=..., ARGS=...)
	@$(venv) .venv test
	$(python) -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: coverage
coverage: ## Run the same tests and measure what of the code they run
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term $(ARGS)"

.PHONY: fuzz
fuzz: SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
fuzz: ## Ask every route for what nobody should, EXAMPLES=... times each (1000), other requests each time (SEED=...)
	@$(venv) .venv test
	@echo "SEED=$(SEED)"
	EXAMPLES=$(or $(EXAMPLES),1000) $(python) -m pytest -n $(WORKERS) tests/security/test_fuzz.py --hypothesis-seed=$(SEED) $(ARGS)

.PHONY: faults
faults: ## Run the fault simulator (SEED=..., EVENTS=..., RUNS=..., INTENSITY=..., ITEMS=..., FAULTS=...)
	@$(venv) .venv test
	@PYTHONPATH=layers/nereid $(python) -m tests.simulator $(if $(SEED),--seed $(SEED)) \
		$(if $(EVENTS),--events $(EVENTS)) $(if $(RUNS),--runs $(RUNS)) $(if $(INTENSITY),--intensity $(INTENSITY)) \
		$(if $(ITEMS),--items $(ITEMS)) $(if $(FAULTS),--faults $(FAULTS))

.PHONY: lint
lint: ## Check style, types, the template, the lock, the generated files and the dependencies
	@$(venv) .venv lint
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy layers/nereid/nereid local_stack tests tools functions
	.venv/bin/cfn-lint --config-file tools/cfn-lint.yaml --regions us-east-1
	$(python) tools/lock.py --check
	$(python) tools/generate.py --check
	$(python) tools/audit.py

.PHONY: audit
audit: ## Ask for known vulnerabilities of the dependencies, and fail if nobody can be asked
	@$(venv) .venv lint
	$(python) tools/audit.py --required

.PHONY: format
format: ## Format the code and mend what ruff can mend
	@$(venv) .venv lint
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

.PHONY: generate
generate: ## Write the generated files
	@$(venv) .venv test
	$(python) tools/generate.py

.PHONY: lock
lock: ## Lock the dependencies of pyproject.toml (ARGS=--upgrade takes the newest)
	@$(venv) .venv lint
	$(python) tools/lock.py $(ARGS)

.PHONY: build
build: ## Build what is deployed, into .aws-sam/build (STAGE=...)
	@$(venv) .venv-sam sam
	$(sam) validate --lint --region us-east-1
	@start=$$(date +%s); $(sam) build $(config) $(ARGS) && echo "sam build took $$(($$(date +%s) - start)) s"
	$(PYTHON) tools/check_build.py .aws-sam/build

.PHONY: deploy
deploy: build ## Deploy what was built, with the operator's AWS credentials (STAGE=...)
	$(sam) deploy $(config) $(ARGS)

.PHONY: team
team: ## Create a team in a deployed stack and print its API token once (STAGE=... NAME=... ARGS="--admin-email ...")
	@$(venv) .venv local
	@$(python) tools/team.py --stage "$(STAGE)" --name "$(NAME)" $(ARGS)

.PHONY: redrive
redrive: ## List what failed too often in a deployed stack, redrive or purge it (STAGE=... ARGS="--redrive ID|all")
	@$(venv) .venv local
	@$(python) tools/redrive.py --stage "$(STAGE)" $(ARGS)

.PHONY: test-sam-local
test-sam-local: ## Run the functions in Lambda's own runtime with the real sam local (needs Docker)
	@$(venv) .venv test
	@$(venv) .venv-sam sam
	$(sam) build --parameter-overrides Architecture=x86_64 \
		--build-dir .aws-sam/sam-local/build --cache-dir .aws-sam/sam-local/cache
	$(PYTHON) tools/check_build.py .aws-sam/sam-local/build
	$(python) -m pytest --override-ini addopts="--import-mode=importlib -ra" tests/sam_local $(ARGS)

.PHONY: clean
clean: ## Remove what was installed, built and stored locally
	rm -rf .venv .venv-sam .aws-sam .nereid .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
