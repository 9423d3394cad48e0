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

.PHONY: check
check: ## Run this before a commit: style, types and the quick tests of single modules
	@$(venv) .venv lint
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy layers/nereid/nereid nereid_cli local_stack tests tools functions bench
	@git diff --quiet HEAD -- template.yaml || .venv/bin/cfn-lint --config-file tools/cfn-lint.yaml --regions us-east-1
	$(python) -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow" tests/unit tests/infrastructure $(ARGS)

.PHONY: test
test: export NEREID_USED_ACTIONS = $(CURDIR)/.nereid/used
test: ## Run all tests but the slow ones (WORKERS=..., ARGS=...)
	@$(venv) .venv test
	@rm -rf $(NEREID_USED_ACTIONS)
	$(python) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

.PHONY: permissions
permissions: ## Compare what the functions may with what they needed in the last `make test` of all
	@$(venv) .venv test
	$(python) tools/policies.py --used .nereid/used

.PHONY: test-slow
test-slow: ## Run the slow tests: many leads, many at once, crashes in any order (WORKERS=..., ARGS=...)
	@$(venv) .venv test
	$(python) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m slow $(ARGS)

.PHONY: test-browser
test-browser: ## Run the tests in a real Chromium, which root on Debian gets from apt (CHROMIUM=PATH, ARGS=...)
	@$(venv) .venv browser
	@$(PYTHON) tools/chromium.py
	$(python) -m pytest tests/browser $(ARGS)

.PHONY: screenshots
screenshots: ## Take the pictures of docs/images anew
	@$(venv) .venv browser
	@$(PYTHON) tools/chromium.py
	$(python) -m pytest tests/browser/screenshots.py $(ARGS)

.PHONY: test-clients
test-clients: ## Make clients in Python and TypeScript of the description, and call every API with them (ARGS=...)
	@$(venv) .venv clients
	$(python) -m pytest tests/clients $(ARGS)

.PHONY: coverage
coverage: ## Run all tests, slow ones too, and measure how much of the code they run
	@$(venv) .venv test
	$(python) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(ARGS)

.PHONY: mutants
mutants: SEED := $(or $(SEED),$(shell od -An -N2 -tu2 /dev/urandom | tr -d ' '))
mutants: ## Break the code in random places and list what no test notices (SEED=..., COUNT=200, ARGS=PATH...)
	@$(venv) .venv test
	$(python) tools/mutants.py --seed $(SEED) --count $(or $(COUNT),200) $(ARGS)

.PHONY: fuzz
fuzz: SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
fuzz: ## Fuzz every route with EXAMPLES=... requests (1000), new ones each time (SEED=... repeats a run)
	@$(venv) .venv test
	@echo "SEED=$(SEED)"
	EXAMPLES=$(or $(EXAMPLES),1000) $(python) -m pytest -n $(WORKERS) tests/security/test_fuzz.py --hypothesis-seed=$(SEED) $(ARGS)

.PHONY: faults
faults: ## Run the fault simulator (SEED=..., EVENTS=..., RUNS=..., INTENSITY=..., ITEMS=..., FAULTS=...)
	@$(venv) .venv test
	@PYTHONPATH=layers/nereid $(python) -m tests.simulator $(if $(SEED),--seed $(SEED)) \
		$(if $(EVENTS),--events $(EVENTS)) $(if $(RUNS),--runs $(RUNS)) $(if $(INTENSITY),--intensity $(INTENSITY)) \
		$(if $(ITEMS),--items $(ITEMS)) $(if $(FAULTS),--faults $(FAULTS))

.PHONY: load
load: ## Run the product under ordinary load (EVENTS=..., RATE=..., SES=..., QUOTA=..., TEAMS=..., CONCURRENCY=..., ...)
	@$(venv) .venv test
	@PYTHONPATH=layers/nereid $(python) -m tests.simulator.load $(foreach each,EVENTS RATE SES QUOTA TEAMS CONCURRENCY \
		USERS SLOW SCALE TEMPLATE KIND,$(if $($(each)),--$(shell echo $(each) | tr A-Z a-z) $($(each))))

.PHONY: bench
bench: ## Measure time, calls and money, write docs/performance.md (ARGS="cold neptune/ingest_event" for a part)
	@$(venv) .venv bench
	@$(venv) .venv-sam sam
	@PYTHONPATH=layers/nereid $(python) -m bench $(ARGS)

.PHONY: budget
budget: ## Write what each operation and function just costs into bench/budget.json, for a review to see
	@$(venv) .venv test
	@PYTHONPATH=layers/nereid $(python) -m bench budget

.PHONY: lint
lint: ## Check style, types, the template and its policies, the locks, the generated files and the dependencies
	@$(venv) .venv lint
	@$(MAKE) --no-print-directory -j 2 lint-types lint-rest

# Types are checked on one core while the other does the rest.
.PHONY: lint-types lint-rest
lint-types:
	$(python) -m mypy layers/nereid/nereid nereid_cli local_stack tests tools functions bench

lint-rest:
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	.venv/bin/cfn-lint --config-file tools/cfn-lint.yaml
	$(python) tools/policies.py
	$(python) tools/lock.py --check
	$(python) tools/generate.py --check
	$(python) tools/audit.py

.PHONY: audit
audit: ## Check the dependencies for known vulnerabilities; fail if the check cannot be made
	@$(venv) .venv lint
	$(python) tools/audit.py --required

.PHONY: format
format: ## Format the code and apply ruff's fixes
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
build: ## Build the functions and layers into .aws-sam/build (STAGE=...)
	@$(venv) .venv-sam sam
	$(sam) validate --lint --region us-east-1
	@start=$$(date +%s); $(sam) build $(config) $(ARGS) && echo "sam build took $$(($$(date +%s) - start)) s"
	$(PYTHON) tools/check_build.py .aws-sam/build

.PHONY: deploy
deploy: build ## Build and deploy the stack, with your AWS credentials (STAGE=...)
	$(sam) deploy $(config) $(ARGS)

.PHONY: protect
protect: build ## Protect the tables of a deployed stack from deletion: once, after the first deployment (STAGE=...)
	$(sam) deploy $(config) --parameter-overrides DeletionProtection=true $(ARGS)

.PHONY: team
team: given = $(if $(filter undefined,$(origin $(1))),,$(2) "$($(1))")
team: ## Create or change a team (STAGE=... NAME=... SENDERS=... ARGS="--admin-email ...", TEAM=..., STOP=1|0, LIST=1)
	@$(venv) .venv local
	@$(python) tools/team.py --stage "$(STAGE)" $(call given,NAME,--name) $(call given,TEAM,--team) \
		$(call given,SENDERS,--senders) $(call given,STOP,--stop) $(if $(LIST),--list) $(ARGS)

.PHONY: account
account: ## Set another password for an account, or end its sessions (STAGE=... RESET=EMAIL, END_SESSIONS=EMAIL or VERIFY=EMAIL)
	@$(venv) .venv local
	@$(python) tools/account.py --stage "$(STAGE)" $(if $(RESET),--reset "$(RESET)") \
		$(if $(END_SESSIONS),--end-sessions "$(END_SESSIONS)") $(if $(VERIFY),--verify "$(VERIFY)") $(ARGS)

.PHONY: rotate
rotate: ## Give a secret of a stack a new key (STAGE=... SECRET=links|tokens ARGS="--overlap-days N | --at-once | --show")
	@$(venv) .venv local
	@$(python) tools/rotate.py --stage "$(STAGE)" --secret "$(SECRET)" $(ARGS)

.PHONY: redrive
redrive: ## List, redrive or purge the dead letters of a deployed stack (STAGE=... ARGS="--redrive ID|all")
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
clean: ## Remove environments, builds, caches and local data
	rm -rf .venv .venv-sam .aws-sam .nereid .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
