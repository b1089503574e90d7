"""A loop understood by meaning: read once, solved into a closed form, emitted as array code.

`place.loops()` gives every loop of a function as Understood or NotUnderstood; `emit` turns an Understood into guards
and statements for given kinds of containers; `shapes` asks what a closed form is ("a dot product", "a map of sums").
"""

from perftools.rewrite.loops import shapes
from perftools.rewrite.loops.emit import Emission, emit
from perftools.rewrite.loops.kinds import Kind, assumed
from perftools.rewrite.loops.offers import offers
from perftools.rewrite.loops.regions import find
from perftools.rewrite.loops.understood import Need, NotUnderstood, Understood

__all__ = ["Emission", "Kind", "Need", "NotUnderstood", "Understood", "assumed", "emit", "find", "offers", "shapes"]
