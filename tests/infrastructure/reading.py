"""Reads synthesised templates: resources by type, texts out of joins, what a function may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Templates = dict[str, dict[str, Any]]
Resource = dict[str, Any]


def stack_of(templates: Templates, name: str) -> dict[str, Any]:
    """Return the template of the stack that ends in `name`."""
    (found,) = (template for stack, template in templates.items() if stack.endswith(f"-{name}"))
    return found


def resources(templates: Templates, kind: str) -> Iterator[Resource]:
    """Yield every resource of a type."""
    for template in templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == kind:
                yield resource


def properties(templates: Templates, kind: str) -> list[dict[str, Any]]:
    """Return the properties of every resource of a type."""
    return [resource["Properties"] for resource in resources(templates, kind)]


def text_of(value: Any) -> str:
    """Return text, a reference or a join of them as one text, references as ``${…}``."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text_of(part) for part in parts)
    ((kind, target),) = value.items()
    if kind == "Fn::ImportValue":
        return "${" + text_of(target) + "}"
    return "${" + (".".join(target) if isinstance(target, list) else str(target)) + "}"


def function_of(templates: Templates, name: str) -> dict[str, Any]:
    """Return the properties of the function called `name` behind the stage's prefix."""
    (found,) = (
        function
        for function in properties(templates, "AWS::Lambda::Function")
        if function["FunctionName"].split("-", 2)[2] == name
    )
    return found


def environment_of(templates: Templates, name: str) -> dict[str, str]:
    """Return a function's environment as texts."""
    variables = function_of(templates, name)["Environment"]["Variables"]
    return {key: text_of(value) for key, value in variables.items()}


def statements_of(templates: Templates, name: str) -> list[dict[str, Any]]:
    """Return every statement of the policies of a function's role."""
    role = function_of(templates, name)["Role"]["Fn::GetAtt"][0]
    return [
        statement
        for policy in properties(templates, "AWS::IAM::Policy")
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def allowed(templates: Templates, name: str) -> set[tuple[str, str]]:
    """Return what a function may do as (action, resource); writing its own log is left out."""
    return {
        (action, text_of(resource))
        for statement in statements_of(templates, name)
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if not action.startswith("logs:")
    }


def as_list(value: Any) -> list[Any]:
    """Return what may be written as one or as a list."""
    return value if isinstance(value, list) else [value]
