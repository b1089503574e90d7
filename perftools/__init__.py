"""perftools: says what makes a running Python ML service slow, and proves the fix."""

__version__ = "0.1.0"
