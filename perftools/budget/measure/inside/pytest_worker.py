"""pytest with the plugin of the perftools that measures: `pytest_worker.py [--profile=OUT] ARG…`.

Else it is as `python -m pytest`. The environment of the benchmarks need not have perftools; where it has one, of
whatever version, its plugin stays out. With --profile the test itself is profiled.

Where calls are counted (--perf-budget-calls), the objects of the start are put out of the collector's sight before the
test (gc.freeze): how many of its runs fall into the calls, and what they cost, would depend on how it started.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from collections.abc import Generator
from types import ModuleType

from perftools_bytecode import VARIABLE, keep_apart  # type: ignore[import-not-found]  # beside this script
from perftools_profile import profiled  # type: ignore[import-not-found]  # beside this script

_BUDGET = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PROFILE = "--profile="


def _load(name: str) -> ModuleType:
    """A module of ours by the name that it is imported by, without the packages above it."""
    spec = importlib.util.spec_from_file_location(f"perftools.budget.{name}", os.path.join(_BUDGET, f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    sys.path[0] = os.getcwd()
    keep_apart()
    import pytest

    class Around:
        """What is done around the run, and around the test function alone."""

        @pytest.hookimpl(tryfirst=True)
        def pytest_configure(self, config: pytest.Config) -> None:
            if hasattr(config.option, "benchmark_storage"):  # pytest-benchmark makes a folder in the checkout
                config.option.benchmark_storage = os.path.join(os.environ.get(VARIABLE, os.devnull), "benchmarks")

        @pytest.hookimpl(hookwrapper=True)
        def pytest_pyfunc_call(self) -> Generator[None, None, None]:
            if counted:
                gc.collect()
                gc.freeze()
            with profiled(out):
                yield

    arguments = sys.argv[1:]
    out = arguments.pop(0)[len(_PROFILE) :] if arguments[0].startswith(_PROFILE) else None
    counted = any(argument.startswith("--perf-budget-calls") for argument in arguments)
    _load("rounds")
    plugins: list[object] = [_load("pytest_plugin"), Around()]
    return int(pytest.main(["-p", "no:perf_budget", *arguments], plugins=plugins))


if __name__ == "__main__":
    sys.exit(main())
