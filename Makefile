# Every command of the project. Set-up is part of each: it happens once, and again only when the requirements change.

PYTHON ?= python3
BIN := .venv/bin
TEST_ENV := DJANGO_SETTINGS_MODULE=tests.settings
# Four even on two cores: half of the time a test waits for another process. Which file begins first: tests/order.py.
PYTEST := $(BIN)/python -m pytest -n 4 --dist=loadfile --no-loadscope-reorder
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-postgres chaos chaos-quick check format lint types imports templates migrations deployment \
	audit-dependencies bench screenshots security messages constraints locks clean

help:  ## list the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

demo: .venv/.runtime $(CATALOGUES)  ## everything on this machine, with a local Azure; Ctrl-C ends all of it
	@exec $(BIN)/python -m deploy.demo

test: .venv/.dev $(CATALOGUES)  ## the whole suite on SQLite; browser tests where a Chromium is
	@echo "Testing on SQLite and the filesystem broker"
	@$(PYTEST)

test-postgres: .venv/.dev $(CATALOGUES)  ## the suite on a throwaway PostgreSQL and Redis, where those are installed, and its branch coverage
	@echo "Testing on PostgreSQL and Redis"
	@$(BIN)/python -m tests.with_services sh -c '$(PYTEST) -m "not browser and not own_database" --cov --cov-report= && $(BIN)/python -m tests.branch_coverage'

# For example: make chaos CHAOS="--seed 7 --minutes 3", or CHAOS="--seeds 1-20" for a table of many.
chaos: .venv/.dev $(CATALOGUES)  ## the fault campaign: prints one JSON report, fails if a promise broke
	@$(BIN)/python -m tests.chaos $(CHAOS)

chaos-quick: .venv/.dev $(CATALOGUES)
	@echo "The fault campaign, in a minute and a half"
	@$(BIN)/python -m tests.chaos --quick --seed 1

check: format lint types imports templates migrations deployment audit-dependencies test test-postgres chaos-quick  ## all that CI runs

format: .venv/.dev
	@echo "Format of Python (ruff format)"
	@$(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --diff .; exit 1; }

lint: .venv/.dev
	@echo "Lint (ruff check)"
	@$(BIN)/ruff check --quiet .

types: .venv/.dev
	@echo "Types (mypy)"
	@$(BIN)/mypy --no-error-summary

imports: .venv/.dev
	@echo "Imports point one way (import-linter)"
	@out=$$($(BIN)/lint-imports --no-cache) || { echo "$$out"; exit 1; }

templates: .venv/.dev
	@echo "Format of templates (djlint)"
	@out=$$($(BIN)/djlint templates --check 2>&1) || { echo "$$out"; echo "Mend it by: $(BIN)/djlint templates --reformat"; exit 1; }

migrations: .venv/.dev
	@echo "Every model change has its migration"
	@$(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

deployment: .venv/.dev
	@echo "Django's deployment check, as served over https"
	@$(BIN)/python -m tests.served_environment $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: .venv/.dev $(CATALOGUES)  ## performance against docs/performance.md, one JSON line per figure; only some: make bench FIGURES=…
	@$(BIN)/python -m tests.bench $(FIGURES)

screenshots: .venv/.dev $(CATALOGUES)  ## a picture of every page, both languages and themes, into var/screenshots
	@$(BIN)/python -m tests.screenshots

audit-dependencies: .venv/.dev
	@echo "Known vulnerabilities of what is installed (pip-audit)"
	@$(BIN)/python -m deploy.audit_dependencies

security: .venv/.dev  ## write docs/security.md anew from the tests' markers
	@$(BIN)/python -m tests.docs.security_table

messages: .venv/.dev  ## collect the texts to be translated into locale/ (needs the gettext tools)
	@command -v xgettext >/dev/null || { echo "make messages needs xgettext: install your system's gettext package."; exit 1; }
	@mkdir -p locale
	@$(TEST_ENV) $(BIN)/python manage.py makemessages --locale ja --no-wrap --add-location file --no-obsolete \
		--ignore ".venv/*" --ignore "var/*" --ignore "tests/*" --ignore "sandbox/*" --ignore "deploy/*"

constraints:  ## pin every package anew, from the requirements files alone
	@$(PYTHON) deploy/constraints.py

locks:  ## write anew the hashes of what constraints.txt pins
	@$(PYTHON) deploy/constraints.py --locks

clean:  ## back to a fresh clone: removes the virtual environment, the demo's data and every cache
	@rm -rf .venv var staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find locale -name '*.mo' -delete 2>/dev/null || true

# --- Set-up ----------------------------------------------------------------------------------------------------------
.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $(PYTHON) is older or missing. Name another one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making a virtual environment in .venv"
	@rm -rf .venv && $(PYTHON) -m venv .venv && touch $@

.venv/.runtime: .venv/.created requirements.lock sandbox/requirements.lock
	@echo "Installing what the portal and the sandbox need into .venv"
	@$(PIP_INSTALL) -r requirements.lock -r sandbox/requirements.lock
	@touch $@

.venv/.dev: .venv/.created requirements-dev.lock
	@echo "Installing what testing needs into .venv"
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch .venv/.runtime $@

%.mo: %.po | .venv/.runtime
	@echo "Compiling $<"
	@$(BIN)/pybabel --quiet compile --use-fuzzy --input-file $< --output-file $@
