"""What an operator on the machine asks of the store, as text or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.model_manifest import ModelReference, parse_reference
from edge_components.model_store.device_facts import DeviceProbe
from edge_components.model_store.pointers import (
    ActiveModel,
    read_active,
    read_previous,
    read_ready,
    read_refusals,
)
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store import ModelStore
from edge_components.model_store.store_folder import StoreFolder, size_bytes_of
from edge_components.runtime.object_store import ObjectStore


class OperatorError(CrowdLensError):
    """Raised when a call cannot be understood: a folder that is none, a key that cannot be read."""


def answer(arguments: argparse.Namespace) -> int:
    """Do what was asked and print it; return the exit status: 1 when `verify` found something."""
    state: Path = arguments.folder
    if not state.is_dir():
        raise OperatorError(f"folder {state} is not there: expected the device's state folder (--folder)")
    models = state / "models"
    if arguments.action == "list":
        _print(arguments, *_listed(StoreFolder(models)))
        return 0
    if arguments.action == "verify":
        return _verify(arguments, models)
    if arguments.action == "rollback":
        active = ModelStore(models, StoreSettings()).roll_back()
        _print(arguments, active.document(), f"{active.reference} is active again")
        return 0
    return _activate(arguments, models)


def configuration_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the component's configuration that the options of `run` and `activate` stand for."""
    configuration = {
        "model": arguments.model,
        "artifactsBucket": arguments.bucket,
        "signingKey": None if arguments.signing_key is None else _key(arguments.signing_key),
        "engine": arguments.engine,
        "precision": arguments.precision,
    }
    return {name: value for name, value in configuration.items() if value is not None}


def _activate(arguments: argparse.Namespace, models: Path) -> int:
    reference = parse_reference(arguments.model)
    settings = StoreSettings(
        reference,
        arguments.bucket,
        None if arguments.signing_key is None else _key(arguments.signing_key),
        engine=arguments.engine,
        precision=arguments.precision,
    )
    said = sys.stderr.write if not arguments.json else lambda _: 0
    store = ModelStore(
        models,
        settings,
        objects=ObjectStore(arguments.bucket) if arguments.bucket else None,
        probe=DeviceProbe(),
        say=lambda sentence: _tell(said, sentence),
    )
    active = store.activate_by_operator(reference)
    _print(arguments, active.document(), f"{active.reference} is active")
    return 0


def _tell(write: Any, sentence: str) -> None:
    # Per cent would fill a terminal that is read over a slow line.
    if not sentence.endswith("%") or sentence.endswith(" 100 %"):
        write(f"{sentence}\n")


def _verify(arguments: argparse.Namespace, models: Path) -> int:
    folder = StoreFolder(models)
    problems = ModelStore(models, StoreSettings()).problems()
    count = len(list(folder.installed()))
    lines = [f"{name}: {problem}" for name, problem in problems.items()]
    whole = f"{count} versions are as they were published, engines as they were built"
    _print(arguments, {"installed": count, "problems": problems}, "\n".join(lines) or whole)
    return 1 if problems else 0


def _listed(folder: StoreFolder) -> tuple[Mapping[str, Any], str]:
    active, previous, refused = read_active(folder), read_previous(folder), read_refusals(folder)
    ready = read_ready(folder)
    installed = [
        {
            "model": str(reference),
            "state": _state(reference, active, previous, ready),
            "bytes": size_bytes_of(folder.package(reference)),
        }
        for reference in folder.installed()
    ]
    document = {
        "active": None if active is None else active.document(),
        "installed": installed,
        "refused": {name: vars(one) for name, one in refused.items()},
        "bytes": size_bytes_of(folder.root),
    }
    lines = [
        f"{one['model']:32} {one['state']:9} {int(str(one['bytes'])) / 1e6:8.1f} MB" for one in installed
    ]
    if active is not None:
        lines.append(f"made for: {active.made_for}")
        lines.append(f"engine: {active.engine or 'none, ONNX Runtime runs the model'}")
    if active is not None and active.note:
        lines.append(f"note: {active.note}")
    lines += [f"refused {name}: {one.reason} ({one.at})" for name, one in refused.items()]
    return document, "\n".join(lines) or "no versions are installed: the shipped model runs"


def _state(
    reference: ModelReference,
    active: ActiveModel | None,
    previous: ActiveModel | None,
    ready: Mapping[str, ActiveModel],
) -> str:
    if active is not None and active.reference == reference:
        return "active"
    if previous is not None and previous.reference == reference:
        return "previous"
    return "ready" if str(reference) in ready else "kept"


def _key(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise OperatorError(f"signing key {path} cannot be read: expected a public key in PEM") from error


def _print(arguments: argparse.Namespace, document: Mapping[str, Any], text: str) -> None:
    shown = json.dumps(document, ensure_ascii=False, indent=2) if arguments.json else text
    sys.stdout.write(shown + "\n")
