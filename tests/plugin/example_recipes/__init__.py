"""Recipes of a third party."""
