# Everything runs in the environment $(VENV), which tools/venv.sh makes from the first Python >= 3.11 that works.
# Set VENV= for another folder, PYTHON= for another interpreter, and pip's own PIP_* as you need them.

VENV ?= .venv
export VENV
bin = $(VENV)/bin

.PHONY: help demo test check lint types layers packaging clean

help:  ## print this list
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' Makefile | expand -t 20

demo: environment-demo  ## set up, then audit a small scoring service under load
	@"$(bin)/perftools" demo

test: environment-test  ## set up, then run all tests
	@"$(bin)/python" -m pytest

check: lint types layers packaging  ## set up, then style, types, import layers and packaging

lint: environment-test
	@"$(bin)/ruff" check .
	@"$(bin)/ruff" format --check .

types: environment-test
	@"$(bin)/mypy"

layers: environment-test
	@"$(bin)/lint-imports" --no-logo

packaging: environment-test
	@"$(bin)/python" -m pytest tests/test_packaging.py

clean:  ## remove the environment and every cache
	rm -rf .venv .venv.log build dist *.egg-info .*_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: environment-demo environment-test
environment-demo environment-test:
	@sh tools/venv.sh $(@:environment-%=%)
