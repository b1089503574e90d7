"""Budgets: what must stay true of a program's performance, written beside it and told truly on noisy machines.

perf-budgets.toml ── file ──> Budgets ── check, measure ──> Verdicts ── report ──> terminal, JSON, JUnit, …
"""
