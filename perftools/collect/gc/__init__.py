"""Garbage collection of the workers, watched from outside by a process of its own."""
