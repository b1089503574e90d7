"""The rules, one a file. A rule's docstring is its handbook page, and its thresholds stand in it."""
