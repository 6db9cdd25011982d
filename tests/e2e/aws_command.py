"""Do `aws SERVICE OPERATION --option value …` by botocore, where there is no AWS CLI."""

from __future__ import annotations

import sys
from typing import Any

import boto3
from botocore import xform_name

POLLS_EVERY_SECOND = {"Delay": 1, "MaxAttempts": 300}


def parameters(client: Any, operation: str, options: list[str]) -> dict[str, str]:
    """Return `options` by the names that the service's own model has for them; raises `KeyError`."""
    members = client.meta.service_model.operation_model(operation).input_shape.members
    by_option = {f"--{xform_name(name, '-')}": name for name in members}
    return {by_option[option]: value for option, value in zip(options[::2], options[1::2], strict=True)}


def main(words: list[str]) -> None:
    """Call the operation, or wait for what a waiter waits for; an error ends with its traceback."""
    service, operation, *options = words
    client: Any = boto3.Session().client(service)  # type: ignore[call-overload]
    if operation == "wait":
        waiter = client.get_waiter(options[0].replace("-", "_"))
        waited = parameters(client, waiter.config.operation, options[1:])
        waiter.wait(**waited, WaiterConfig=POLLS_EVERY_SECOND)
        return
    method = operation.replace("-", "_")
    name = client.meta.method_to_api_mapping[method]
    getattr(client, method)(**parameters(client, name, options))


if __name__ == "__main__":
    main(sys.argv[1:])
