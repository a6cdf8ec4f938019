# SPDX-License-Identifier: GPL-3.0-or-later
# Every target installs what it needs: a virtual environment in .venv and collections in .ansible.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c '' 2>/dev/null && echo $$p && break; done)
VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.ansible/home
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.ansible/collections
export PYTHONPATH := $(CURDIR)/.ansible/collections
export LC_ALL := C.UTF-8
# Selects the integration tests. Those that take minutes and seldom fail alone run only in the pipeline and in
# "make matrix".
MARK ?= not thorough

help:  ## show this help
	@echo "To try, change and test the collection:"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo "For maintainers:"
	@grep -hE '^[a-z-]+:.*##@ ' $(MAKEFILE_LIST) | sed -E 's/:.*##@ /\t/' | expand -t 12

# Wheels only, each verified against its hash: see requirements/*.txt.
INSTALL := python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement

.venv/demo: requirements/demo.txt
	@tools/check_system.sh "$(PYTHON)"
	@echo "Setting up .venv with Ansible and PostgreSQL 17: 28 MB are downloaded, once."
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/$(INSTALL) $<
	@touch $@

.venv/dev: requirements/dev.txt | .venv/demo
	@echo "Setting up .venv with what tests and linters need: 66 MB are downloaded, once."
	@.venv/bin/$(INSTALL) $<
	@touch $@

.ansible/ready: tools/packaging/fetch_collections.py requirements.yml requirements/collections.txt | .venv/demo
	@echo "Setting up .ansible with the collections of requirements.yml."
	@.venv/bin/python tools/packaging/fetch_collections.py
	@touch $@

setup: .venv/dev .ansible/ready  ## install all tools in .venv, and the collections in .ansible

lock: .venv/demo requirements/lock.txt  ##@ update the versions and hashes in requirements/*.txt
	test -x .cache/lock/bin/python || .venv/bin/python -m venv .cache/lock
	.cache/lock/bin/$(INSTALL) requirements/lock.txt
	.venv/bin/python -m tools.packaging.lock .cache/lock/bin/uv

demo: .venv/demo .ansible/ready  ## grant, break, verify and repair access on its own PostgreSQL server (PG=12: its major version)
	@.venv/bin/python -m tools.demo $(PG)

test: programs  ## linters, unit and integration tests: all that needs no container engine
	@$(MAKE) --no-print-directory -j2 lint unit-and-integration

unit-and-integration:  # in parallel with the linters, since these tests spend half of their time waiting
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory integration

unit: setup  ## unit tests
	pytest -q -n $(or $(JOBS),2) tests/unit

programs: setup  # system programs that tests run: those installed, or else unpacked into .cache
	@python -m tools.system_packages

integration: programs  ## integration tests on a real server (PG=17: its major version, TESTS=files, MARK=expression)
	MM_PG=$(PG) pytest -q -n $(or $(JOBS),4) -m '$(MARK)' $(or $(TESTS),tests/integration)

matrix: setup  ##@ all integration tests on every major version from 9.6, or on one (PG=12)
	@for major in $(or $(PG),$$(python -c "from tools.postgres.server import majors; print(*majors())")); do \
	    echo "==> PostgreSQL $$major"; $(MAKE) --no-print-directory integration "PG=$$major" MARK= || exit; \
	done

cores: setup  ##@ unit, playbook and sanity tests on each ansible-core (CORES=core2.16,core2.21, PLAYBOOKS=expression)
	@python -c "from tools.postgres.server import DEFAULT_MAJOR, install; install(DEFAULT_MAJOR)"  # psql comes with it
	MM_PLAYBOOKS='$(or $(PLAYBOOKS),playbook)' tox run -e $(or $(CORES),ALL) --discover $$(python -m tools.pythons)

torture: programs  ##@ stress and fault-injection tests (SIZE=small|full, PG=17, TESTS=files)
	pytest -q -m hypothesis --hypothesis-profile=torture-$(or $(SIZE),full) tests/unit
	MM_SIZE=$(SIZE) MM_PG=$(PG) pytest -q -n $(or $(JOBS),2) --dist worksteal $(or $(TESTS),tests/torture)

molecule: setup  ##@ roles and playbooks on containers, with Podman or Docker
	python -m tools.molecule.run --break-off default
	python -m tools.molecule.run $(SCENARIO)

ids: setup  ##@ update the lists of tests with which the pipeline compares the tests that ran
	set -o pipefail; pytest -q --collect-only -m 'not thorough' tests/unit tests/integration | grep :: | sort >tests/ids/test.txt
	set -o pipefail; pytest -q --collect-only -m thorough tests/integration | grep :: | sort >tests/ids/thorough.txt

lint: setup  ## ansible-lint production, ruff, mypy strict, yamllint, codespell, changelog and docs checks
	yamllint --strict .
	codespell
	ruff check .
	ruff format --check .
	mypy plugins tests tools
	ansible-lint
	check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .

.cache/bench/peers/ready: requirements/bench.txt requirements/bench-ldap2pg.txt | .venv/demo
	test -x $(@D)/bin/python || .venv/bin/python -m venv $(@D)
	$(@D)/bin/$(INSTALL) requirements/bench.txt
	$(@D)/bin/$(INSTALL) requirements/bench-ldap2pg.txt || \
		echo "ldap2pg will not be measured: it needs a C compiler and libldap-dev and libsasl2-dev." >&2
	touch $@

bench: setup .cache/bench/peers/ready  ##@ benchmark against alternatives (SCENARIO=first SCHEMAS="100 1000" RUNS=3 PG=17 OUT=docs/measured.md)
	@SCHEMAS="$(SCHEMAS)" TABLES=$(TABLES) DATABASES=$(DATABASES) SERVERS=$(SERVERS) FLEETS="$(FLEETS)" RUNS=$(RUNS) PG=$(PG) OUT=$(OUT) \
		python -m tools.bench $(SCENARIO)

sanity: setup  ##@ ansible-test sanity, on a copy
	tools/sanity.sh

.venv/docs: requirements/docs.txt .venv/dev
	.venv/bin/$(INSTALL) $<
	touch $@

docs: setup .venv/docs  ## build the documentation as a site, in .cache/docs/site
	python -m tools.docs.variables
	python -m tools.docs.build
	pytest -q tests/docs

picture: demo .venv/dev  ##@ take the screenshot of a report for the README, with Chromium
	python -m tools.docs.picture

build: setup  ##@ build the collection, check it as Galaxy does, and install it in an empty directory
	python -m tools.packaging.collection

release: setup  ##@ prepare a release, without publishing it (VERSION=1.0.0)
	python -m tools.packaging.release $(VERSION)

clean:  ## remove everything that was installed or downloaded
	rm -rf .ansible .cache .venv

.PHONY: help picture setup lock demo test unit integration unit-and-integration matrix cores molecule bench lint sanity build clean torture release docs programs ids
