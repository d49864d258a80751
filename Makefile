# Every target is one line into scripts/ or xtask. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run dev check test setup clean-data

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

run: ## build and serve on port 3000, with a demo workspace
	@scripts/run

dev: ## the same, rebuilt at every change
	@scripts/cargo xtask dev --with-demo

check: ## the quick checks: form, lints, units
	@scripts/check

test: ## every check, browsers included
	@scripts/test

setup: ## install what building needs (run and test do it themselves)
	@scripts/setup

clean-data: ## delete the data of the local server
	@scripts/clean-data
