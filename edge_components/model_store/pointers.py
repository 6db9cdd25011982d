"""Which model is in force, which was before it, and which versions failed: small files, replaced whole.

`active.json` alone decides, and names its predecessor, too: a cut of power between two files cannot leave
them in disagreement. `previous.json` is a copy for people and programs that look for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from contract.files import write_whole
from contract.model_manifest import ModelManifestError, ModelReference, parse_reference
from edge_components.model_store.store_folder import StoreFolder

_MOST_ATTEMPTS = 16


@dataclass(frozen=True)
class ActiveModel:
    """A model in force: its package, and its engine where one was built; both below the store's folder.

    `made_for` says for which TensorRT, GPU and settings; `note` what an operator should know of it.
    """

    reference: ModelReference
    package: str
    engine: str | None
    activated_at: str
    note: str | None = None
    made_for: str = ""
    previous: ActiveModel | None = None

    def document(self) -> dict[str, Any]:
        """Return what is written to `active.json`."""
        own = {
            "name": self.reference.name,
            "version": self.reference.version,
            "package": self.package,
            "engine": self.engine,
            "activated_at": self.activated_at,
            "note": self.note,
            "made_for": self.made_for,
        }
        return own if self.previous is None else {**own, "previous": self.previous.document()}


@dataclass(frozen=True)
class Refusal:
    """Why a version is not activated; `manifest_sha256` tells it from one pushed anew under its name."""

    reason: str
    manifest_sha256: str
    at: str
    by_operator: bool = False


def utc_now() -> str:
    """Return the present as ISO text; on a device without a clock it may say 1970."""
    return datetime.now(tz=timezone.utc).isoformat(timespec="seconds")


def read_active(folder: StoreFolder) -> ActiveModel | None:
    """Return the model in force, None when there is none or the pointer cannot be read."""
    return _pointer(_read(folder.active))


def read_previous(folder: StoreFolder) -> ActiveModel | None:
    """Return the model before the one in force, None without one."""
    active = read_active(folder)
    return None if active is None else active.previous


def write_active(folder: StoreFolder, model: ActiveModel) -> None:
    """Put `model` into force, the present one becoming its predecessor; the disk has it on return."""
    now = read_active(folder)
    before = now if now is not None and now.reference != model.reference else read_previous(folder)
    _write(folder.active, replace(model, previous=_alone(before)).document())


def read_ready(folder: StoreFolder) -> dict[str, ActiveModel]:
    """Return the versions that were tried for projects, by `name@version`."""
    found = {name: _pointer(document) for name, document in _read(folder.ready).items()}
    return {name: model for name, model in found.items() if model is not None}


def write_ready(folder: StoreFolder, models: Iterable[ActiveModel]) -> None:
    """Let `models` be the versions at hand for projects; the disk has it on return."""
    _write(folder.ready, {str(model.reference): _alone_document(model) for model in models})


def mend_previous(folder: StoreFolder) -> None:
    """Let `previous.json` say what `active.json` says of its predecessor."""
    previous = read_previous(folder)
    if previous is None:
        folder.previous.unlink(missing_ok=True)
    elif _read(folder.previous) != previous.document():
        _write(folder.previous, previous.document())


def read_refusals(folder: StoreFolder) -> dict[str, Refusal]:
    """Return the refused versions, by `name@version`."""
    found: dict[str, Refusal] = {}
    for name, value in _read(folder.refused).items():
        try:
            found[name] = Refusal(
                str(value["reason"]),
                str(value["manifest_sha256"]),
                str(value["at"]),
                bool(value.get("by_operator", False)),
            )
        except (KeyError, TypeError, AttributeError):
            continue
    return found


def write_refusal(folder: StoreFolder, reference: ModelReference, refusal: Refusal | None) -> None:
    """Remember why `reference` is refused; None forgets it."""
    refusals = {name: vars(one) for name, one in read_refusals(folder).items() if name != str(reference)}
    if refusal is not None:
        refusals[str(reference)] = vars(refusal)
    _write(folder.refused, refusals)


def count_attempt(folder: StoreFolder, key: str) -> int:
    """Note durably that `key` is begun, and return how often it was begun without coming to an end."""
    attempts = _read(folder.attempts)
    count = attempts.get(key, 0)
    count = (count if isinstance(count, int) else 0) + 1
    attempts[key] = count
    # The newest alone: versions come and go.
    _write(folder.attempts, dict(list(attempts.items())[-_MOST_ATTEMPTS:]))
    return count


def end_attempt(folder: StoreFolder, key: str) -> None:
    """Note that `key`, which was begun, came to its end."""
    attempts = _read(folder.attempts)
    if attempts.pop(key, None) is None:
        return
    if attempts:
        _write(folder.attempts, attempts)
    else:
        folder.attempts.unlink(missing_ok=True)


def _alone(model: ActiveModel | None) -> ActiveModel | None:
    return None if model is None else replace(model, previous=None)


def _alone_document(model: ActiveModel) -> dict[str, Any]:
    return replace(model, previous=None).document()


def _pointer(document: Any) -> ActiveModel | None:
    try:
        reference = parse_reference(f"{document['name']}@{document['version']}")
        engine, previous = document.get("engine"), document.get("previous")
        return ActiveModel(
            reference,
            str(document["package"]),
            None if engine is None else str(engine),
            str(document.get("activated_at", "")),
            document.get("note"),
            str(document.get("made_for", "")),
            _pointer(previous) if isinstance(previous, dict) else None,
        )
    except (KeyError, TypeError, ModelManifestError):
        return None


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _write(path: Path, document: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n", durable=True)
