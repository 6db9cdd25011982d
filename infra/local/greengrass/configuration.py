"""A component's configuration as the nucleus keeps it: a tree that is merged into and asked by paths."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any


class NoSuchKeyError(KeyError):
    """There is nothing at the path asked for."""


def at_path(tree: Any, path: Sequence[str]) -> Any:
    """Return what lies at `path`; raises `NoSuchKeyError`."""
    for name in path:
        if not isinstance(tree, Mapping) or name not in tree:
            raise NoSuchKeyError("/".join(path))
        tree = tree[name]
    return tree


def merged(tree: Any, change: Any) -> Any:
    """Return `tree` with `change` merged in: objects by key, all else (lists too) replaced."""
    if not isinstance(tree, Mapping) or not isinstance(change, Mapping):
        return copy.deepcopy(change)
    result = {name: copy.deepcopy(value) for name, value in tree.items()}
    for name, value in change.items():
        result[name] = merged(tree[name], value) if name in tree else copy.deepcopy(value)
    return result


def wrapped(path: Sequence[str], value: Any) -> Any:
    """Return a tree with nothing but `value` at `path`."""
    for name in reversed(path):
        value = {name: value}
    return value


def changed_paths(old: Any, new: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of every leaf that differs between two trees."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [] if old == new else [at]
    found: list[tuple[str, ...]] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            found.append((*at, name))
        else:
            found += changed_paths(old[name], new[name], (*at, name))
    return found


def as_strings(tree: Any) -> Any:
    """Return `tree` as nucleus lite hands it out: numbers and truth values as text."""
    if isinstance(tree, Mapping):
        return {name: as_strings(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [as_strings(value) for value in tree]
    if isinstance(tree, bool):
        return "true" if tree else "false"
    return str(tree) if isinstance(tree, int | float) else tree
