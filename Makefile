# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

RUN := tests/run/run.sh
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## two clusters in the state of submariner#3411, reinstalled before your eyes
	@$(RUN) tests.demo

.PHONY: test
test: ## everything that a change must pass; sets the machine up first
	@$(RUN) tests.run test $(if $(SEED),--seed $(SEED))

.PHONY: campaign
campaign: ## all states, all interruption points; resumable
	@$(RUN) tests.run campaign

.PHONY: lint
lint: ## linters, types, documentation
	@$(RUN) tests.run lint

.PHONY: docs
docs: ## build the documentation site
	@$(RUN) tests.run.site

.PHONY: sanity
sanity: ## ansible-test sanity with the newest and the oldest ansible-core
	@$(RUN) tests.run sanity

.PHONY: unit
unit: ## unit tests
	@$(RUN) tests.run unit

.PHONY: packaging
packaging: ## build, install and run the collection
	@$(RUN) tests.run packaging

.PHONY: importer
importer: ## what Ansible Galaxy says of the archive
	@$(RUN) tests.run importer

.PHONY: awx
awx: ## what awx_setup makes, and its jobs as AWX runs them
	@$(RUN) tests.run awx

.PHONY: rulebooks
rulebooks: ## the rulebooks by a real ansible-rulebook
	@$(RUN) tests.run rulebooks

.PHONY: browser
browser: ## the report in a real browser
	@$(RUN) tests.run browser

.PHONY: benchmark
benchmark: ## print figures of speed and memory, beside those that were asked for; an hour, most of it on the lab
	@$(RUN) tests.benchmarks $(if $(PARTS),$(PARTS))

.PHONY: lab-up
lab-up: ## start the lab: two clusters with the simulated Submariner at hand
	@$(RUN) tests.lab up

.PHONY: lab-status
lab-status: ## what runs in the lab
	@$(RUN) tests.lab status

.PHONY: lab-down
lab-down: ## remove the lab, keep its cache
	@$(RUN) tests.lab down

.PHONY: format
format: ## format all Python files
	@$(RUN) ruff format .

.PHONY: requirements
requirements: ## freeze requirements-dev.txt from requirements-dev.in
	@$(RUN) tests.run.requirements
