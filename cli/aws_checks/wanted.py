"""What a deployment will ask of an account, read from the templates that would be deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.cloud_assembly import read_assembly


@dataclass(frozen=True)
class Wanted:
    """What the stacks of one stage need.

    `account` is None where the templates fit any; `templates` are by stack name; `bootstrap_version` is the
    least that the assembly was made for.
    """

    account: str | None
    region: str
    templates: Mapping[str, Mapping[str, Any]]
    bootstrap_version: int

    def resources(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield stack and properties of each resource of the type `kind`, or below ``AWS::Service::``."""
        for stack, template in self.templates.items():
            for resource in template["Resources"].values():
                type_ = resource["Type"]
                if type_ == kind or (kind.endswith("::") and type_.startswith(kind)):
                    yield stack, resource.get("Properties", {})

    def has(self, kind: str) -> bool:
        """Whether there is a resource of this type, or below this ``AWS::Service::``."""
        return any(True for _ in self.resources(kind))

    def name(self, value: Any, account: str) -> str | None:
        """Return a name as it will be in `account`; None for one that CloudFormation makes up."""
        if isinstance(value, str):
            return value
        if not isinstance(value, Mapping):
            return None
        if "Ref" in value:
            known = {"AWS::AccountId": account, "AWS::Region": self.region, "AWS::Partition": "aws"}
            return known.get(value["Ref"])
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            texts = [self.name(part, account) for part in parts]
            return None if None in texts else str(separator).join(text or "" for text in texts)
        return None


def read_wanted(folder: Path, stage: str) -> Wanted:
    """Return what the cloud assembly in `folder` wants for `stage`; raises `NoAssemblyError`."""
    read = read_assembly(folder, stage)
    return Wanted(read.account, read.region, read.templates, read.bootstrap_version)
