"""Realistic modules that the recipes are judged on: what is rewritten, what is refused, and whether answers stay."""
