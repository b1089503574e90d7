"""Names as the source writes them (`rows`, `self.weights`), resolved in a running frame of another process."""

from __future__ import annotations

from collections.abc import Sequence

from perftools.remote.attributes import attributes
from perftools.remote.dicts import find, open_dict
from perftools.remote.frames import Frame
from perftools.remote.heap import Heap, Object
from perftools.remote.memory import Unreadable

_TAGS = 3


class Scope:
    """The names that one frame sees, each part of a path read once."""

    def __init__(self, heap: Heap, frame: Frame) -> None:
        self._heap = heap
        self._frame = frame
        self._known: dict[str, Object | None] = {}
        names = frame.code.locals
        tags = _TAGS if heap.runtime.version >= (3, 14, 0) else 0
        words = heap.memory.u64s(frame.locals, len(names)) if names else ()
        self._locals = {name: word & ~tags for name, word in zip(names, words, strict=True) if word & ~tags}

    def resolve(self, path: str) -> Object | None:
        """The object that NAME(.ATTRIBUTE)* stands for; None where it is not stored or cannot be read."""
        if path not in self._known:
            parent, _, name = path.rpartition(".") if path not in self._locals else ("", "", path)  # ".0" is a name
            try:
                self._known[path] = self._attribute(parent, name) if parent else self._name(name)
            except Unreadable as error:
                if error.code:
                    raise
                self._known[path] = None
        return self._known[path]

    def preload_globals(self, paths: Sequence[str]) -> None:
        """Look up all global names of `paths` in one pass over the module's dict."""
        names = {path.partition(".")[0] for path in paths} - set(self._frame.code.locals)
        if not names:
            return
        try:
            namespace = self._heap.object(self._frame.globals)
            found = find(self._heap, open_dict(self._heap, namespace), names) if namespace.type.kind == "dict" else {}
            objects = dict(zip(found, self._heap.objects(list(found.values())), strict=True))
        except Unreadable as error:
            if error.code:
                raise
            objects = {}
        self._known.update({name: objects.get(name) for name in names})

    def _name(self, name: str) -> Object | None:
        if name in self._frame.code.locals:
            if name not in self._locals:
                return None
            object_ = self._heap.object(self._locals[name])
            # a captured variable lives in a cell (PyCellObject.ob_ref)
            return self._heap.object(object_.field(16)) if object_.type.kind == "cell" else object_
        self.preload_globals([name])
        return self._known.get(name)

    def _attribute(self, parent: str, name: str) -> Object | None:
        object_ = self.resolve(parent)
        if object_ is None:
            return None
        address = attributes(self._heap, object_, (name,)).get(name)
        return None if address is None else self._heap.object(address)
