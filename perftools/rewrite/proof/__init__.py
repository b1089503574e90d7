"""Proof that a recipe's rewrite does what the original did, and that each of its guards is needed."""

from perftools.rewrite.proof.checks import Problem, prove, write_after

__all__ = ["Problem", "prove", "write_after"]
