# Every target is one line into scripts/ or xtask. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run dev check test bench setup clean-data

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

bench: ## race against others: make bench p1 sizes
	@scripts/bench $(RACES)

# The words after `bench` name races, not targets.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
RACES := $(wordlist 2,99,$(MAKECMDGOALS))
ifneq (,$(RACES))
$(eval $(RACES):;@:)
endif
endif

setup: ## install what building needs (run and test do it themselves)
	@scripts/setup

clean-data: ## delete the data of the local server
	@scripts/clean-data
