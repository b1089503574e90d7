"""The reference scoring service and its load, and benchmarks of perftools itself: `python -m perftools_benchmarks`."""
