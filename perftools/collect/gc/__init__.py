"""Garbage collection of the workers, watched from outside by a process of its own.

Imports nothing: that process starts with this package, and needs little of it.
"""
