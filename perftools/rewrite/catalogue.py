"""All recipes, ours and third parties': folders of the packages that the entry points `perftools.recipes` name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from perftools import plugins
from perftools.rewrite import timings
from perftools.rewrite.recipe import Inputs, Recipe
from perftools.rewrite.timings import Timings

GROUP = "perftools.recipes"


class Folder:
    """One recipe's folder."""

    def __init__(self, package: str, path: Path, recipe: Recipe) -> None:
        self.package = package
        """Importable: "perftools_recipes.dot_loop"."""
        self.path = path
        self.recipe = recipe

    @property
    def id(self) -> str:
        return self.recipe.id

    def text(self, name: str) -> str:
        """The text of one of its files. Raises OSError."""
        return (self.path / name).read_text(encoding="utf-8")

    def module(self, name: str) -> ModuleType:
        """One of its files, imported: "before", "after", "inputs". Raises what the import raises."""
        return import_module(f"{self.package}.{name}")

    @property
    def inputs(self) -> Inputs:
        return cast(Inputs, self.module("inputs"))

    @cached_property
    def shipped(self) -> Timings | None:
        """Its timings.json; None where it has none that can be read."""
        try:
            return timings.decode((self.path / "timings.json").read_bytes())
        except (OSError, ValueError):
            return None


def folders(ids: Sequence[str] = ()) -> list[Folder]:
    """The recipes with these ids, or all, by id. Raises ValueError for a folder that is no recipe, or an unknown id."""
    found = {folder.id: folder for package in plugins.load(GROUP).values() for folder in _folders_of(package)}
    unknown = [each for each in ids if each not in found]
    if unknown:
        raise ValueError(f"no recipe is called {unknown[0]!r}")
    return [found[each] for each in sorted(ids or found)]


def _folders_of(package: Any) -> Iterator[Folder]:
    for root in package.__path__:
        for path in sorted(Path(root).iterdir()):
            if (path / "recipe.py").is_file():
                name = f"{package.__name__}.{path.name}"
                recipe = import_module(f"{name}.recipe").RECIPE
                if not isinstance(recipe, Recipe) or recipe.id != path.name.replace("_", "-"):
                    raise ValueError(f"{path}: RECIPE is no recipe whose id is the folder's name")
                yield Folder(name, path, recipe)
