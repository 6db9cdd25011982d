"""What single groups of devices run beside what all do: a model version, a DeepStream app to listen to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contract.model_manifest import ModelManifestError, parse_reference
from infra.context import ConfigError, Context, assignments
from infra.fleet.targets import GROUPS

_PUBLIC_KEY_START = "-----BEGIN PUBLIC KEY-----"
_LARGEST_KEY_BYTES = 8192


@dataclass(frozen=True)
class DeviceGroupsConfig:
    """By the name of a device group: its model (``NAME@VERSION``), its folder of KITTI files.

    `model_signing_key` is the public key (PEM) that every device demands of a model, None for no signatures.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    kitti_folders: Mapping[str, str] = field(default_factory=dict)
    model_signing_key: str | None = None


def read_device_groups(context: Context) -> DeviceGroupsConfig:
    """Return what `context` says of groups; raises `ConfigError` naming the first bad value."""
    models = assignments(context, "models", "GROUP=NAME@VERSION,… or an object of these")
    folders = assignments(context, "deepstream", "GROUP=/FOLDER,… or an object of these")
    _check_groups("models", models)
    _check_groups("deepstream", folders)
    for model in models.values():
        try:
            parse_reference(model)
        except ModelManifestError as error:
            raise ConfigError(f"models names {model!r}: expected NAME@VERSION") from error
    for folder in folders.values():
        if not folder.startswith("/"):
            raise ConfigError(f"deepstream names {folder!r}: expected an absolute path on the device")
    return DeviceGroupsConfig(models, folders, _signing_key(context))


def _check_groups(name: str, given: Mapping[str, str]) -> None:
    known = [group.name for group in GROUPS if group.python is not None]
    for group in given:
        if group not in known:
            raise ConfigError(f"{name} names group {group!r}: expected one of {', '.join(known)}")


def _signing_key(context: Context) -> str | None:
    path = context("model_signing_key")
    if path is None:
        return None
    try:
        text = Path(str(path)).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"model_signing_key {path!r} cannot be read: expected a PEM file") from error
    if not text.startswith(_PUBLIC_KEY_START) or len(text) > _LARGEST_KEY_BYTES:
        raise ConfigError(f"model_signing_key {path!r} is no public key: expected {_PUBLIC_KEY_START} …")
    return text
