"""What MiniStack cannot make is taken out of a cloud assembly before it is deployed, and told.

MiniStack refuses a whole template for one resource type that it does not know. The product's stacks stay
as they are: only the copy that is deployed here lacks those resources, the outputs that name them and the
waiting for them. A resource that is left and needs one of them cannot be deployed at all, which is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.files import write_whole

UNKNOWN_TYPES: Mapping[str, str] = {
    "AWS::Athena::NamedQuery": "MiniStack's CloudFormation has no named queries",
    "AWS::Athena::PreparedStatement": "MiniStack's CloudFormation has no prepared statements",
    "AWS::Budgets::Budget": "MiniStack's CloudFormation has no budgets",
    "AWS::IoT::RoleAlias": "MiniStack's CloudFormation has no role aliases",
    "AWS::RDS::DBProxy": "MiniStack has no RDS Proxy",
    "AWS::RDS::DBProxyTargetGroup": "MiniStack has no RDS Proxy",
}
"""Types that MiniStack 1.5.33 does not know, and why it does not."""


class TemplateError(CrowdLensError):
    """Raised when a resource that is deployed needs one that MiniStack cannot make."""


@dataclass(frozen=True)
class Dropped:
    """A resource that was taken out."""

    stack: str
    logical_id: str
    type: str

    def __str__(self) -> str:
        return f"{self.stack}: {self.logical_id} ({self.type}): {UNKNOWN_TYPES[self.type]}"


def drop_unknown(assembly: Path, stacks: Iterable[str]) -> list[Dropped]:
    """Rewrite the templates of `stacks` in the folder `assembly` without the unknown types; return what went.

    Raises `TemplateError`.
    """
    dropped: list[Dropped] = []
    for stack in stacks:
        path = assembly / f"{stack}.template.json"
        template = json.loads(path.read_text(encoding="utf-8"))
        found = _drop(stack, template)
        if found:
            write_whole(path, json.dumps(template, indent=1))
        dropped += found
    return dropped


def _drop(stack: str, template: dict[str, Any]) -> list[Dropped]:
    resources: dict[str, dict[str, Any]] = template.get("Resources", {})
    dropped = [
        Dropped(stack, name, resource["Type"])
        for name, resource in resources.items()
        if resource["Type"] in UNKNOWN_TYPES
    ]
    gone = {one.logical_id for one in dropped}
    for name in gone:
        del resources[name]
    for name, resource in resources.items():
        _stop_waiting(resource, gone)
        if needed := gone.intersection(_references(resource)):
            raise TemplateError(
                f"{stack}: {name} needs {min(needed)}, which MiniStack cannot make: expected nothing that "
                "is deployed here to refer to it"
            )
    outputs: dict[str, Any] = template.get("Outputs", {})
    for name in [name for name, output in outputs.items() if gone.intersection(_references(output))]:
        del outputs[name]
    return dropped


def _stop_waiting(resource: dict[str, Any], gone: set[str]) -> None:
    waits = resource.get("DependsOn", [])
    left = [name for name in ([waits] if isinstance(waits, str) else waits) if name not in gone]
    if left:
        resource["DependsOn"] = left
    else:
        resource.pop("DependsOn", None)


def _references(value: Any) -> Iterator[str]:
    """Yield the logical ids that `value` names by Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "Ref":
                yield str(one)
            elif key == "Fn::GetAtt":
                yield str(one[0] if isinstance(one, list) else one).partition(".")[0]
            elif key == "Fn::Sub":
                yield from _substituted(one)
            else:
                yield from _references(one)


def _substituted(value: Any) -> Iterator[str]:
    text, variables = (value, {}) if isinstance(value, str) else value
    for part in text.split("${")[1:]:
        yield part.partition("}")[0].partition(".")[0]
    yield from _references(variables)
