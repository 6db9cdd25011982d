"""The stacks that CDK synthesised into a folder last, by its manifest: older templates stay there, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError

_MANIFEST = "manifest.json"
_STACK = "aws:cloudformation:stack"


class NoAssemblyError(CrowdLensError):
    """Raised when a folder holds no cloud assembly of the stage."""


@dataclass(frozen=True)
class CloudAssembly:
    """What the last synth of one stage left.

    `account` is None where the templates fit any; `templates` are by stack name; `bootstrap_version` is the
    least that the assembly was made for.
    """

    account: str | None
    region: str
    templates: Mapping[str, Mapping[str, Any]]
    bootstrap_version: int


def read_assembly(folder: Path, stage: str) -> CloudAssembly:
    """Return the cloud assembly of `stage` in `folder`; raises `NoAssemblyError`."""
    prefix = f"crowdlens-{stage}-"
    try:
        artifacts = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["artifacts"]
        stacks = {
            one["properties"].get("stackName", name): one
            for name, one in artifacts.items()
            if one["type"] == _STACK
        }
        templates = {
            name: json.loads((folder / one["properties"]["templateFile"]).read_text(encoding="utf-8"))
            for name, one in stacks.items()
            if name.startswith(prefix)
        }
    except (OSError, ValueError, KeyError):
        templates = {}
    if not templates:
        raise NoAssemblyError(
            f"{folder} holds no assembly of stacks {prefix}…: "
            f"expected what `.tools/cdk/cdk synth --quiet -c stage={stage} …` leaves there"
        )
    account, region = stacks[next(iter(templates))]["environment"].removeprefix("aws://").split("/")
    versions = [
        one.get("properties", {}).get("requiresBootstrapStackVersion", 0) for one in artifacts.values()
    ]
    return CloudAssembly(
        None if account == "unknown-account" else account,
        region,
        dict(sorted(templates.items())),
        max(versions),
    )
