"""How often the rules are right: labelled little services, started, loaded, audited and judged.

A case is a folder `sets/SET/CASE/` with a service (`app.py` and what it imports) and a `label.toml` that says what is
wrong with it, or that nothing is; `labels.py` documents the format. Every case runs from a copy in a private folder
of its own, without its label, so that neither a name nor a file beside the code gives the answer away.
"""

from .suite import main

__all__ = ["main"]
