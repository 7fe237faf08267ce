# Each target alone does all that it needs: a `.venv` with pinned packages, made
# once, then the program. Options go in ARGS: `make benchmark ARGS=--quick`.

# The first Python that is new enough; `make PYTHON=/path/to/python` overrules.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$p && break; done)
RUN := .venv/bin/python

.PHONY: lesson benchmark test proof check clean

lesson: .venv/ready
	@$(RUN) module12.py $(ARGS)

benchmark: .venv/ready
	@$(RUN) module12_benchmark.py $(ARGS)

test: .venv/ready-dev
	@$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

# Every stated number at its full size, with a table asked / measured.
proof: .venv/ready-dev
	@$(RUN) -m pytest -m proof $(ARGS)

# Linter, formatter check, strict types.
check: .venv/ready-dev
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis

.venv/ready: requirements.txt
	$(call install,$<)

.venv/ready-dev: requirements-dev.txt requirements.txt
	$(call install,$<)
	@touch .venv/ready

define install
	@test -n "$(PYTHON)" || { echo "Module 12 needs Python 3.11 or newer with venv: on Debian or Ubuntu 'apt install python3-venv', on macOS 'brew install python'."; exit 1; }
	@echo "Setting up .venv from $(1): once, about a minute ..." >&2
	@test -x $(RUN) && $(RUN) -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r $(1)
	@touch $@
endef
