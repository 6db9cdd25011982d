"""Where a push goes: the stage's artifacts bucket, the devices of a group, the clients to reach them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from cli.cloud import artifacts_bucket, check_account
from contract.camera_shadow import check_shadow_camera
from contract.errors import CrowdLensError
from contract.identity import check_identifier
from contract.topics import camera_shadow_name


class PushTargetError(CrowdLensError):
    """Raised when nothing, or nothing that exists, is named to push to."""


@dataclass(frozen=True)
class Cloud:
    """The account: boto3's clients, good for several threads, and the artifacts bucket."""

    s3: Any
    iot: Any
    shadows: Any
    bucket: str


def open_cloud(arguments: argparse.Namespace) -> Cloud:
    """Return the account and bucket that the command line names."""
    import boto3
    from botocore.config import Config

    check_account(arguments.region)
    region, config = arguments.region, Config(max_pool_connections=16)
    s3 = boto3.client("s3", region_name=region, config=config)
    return Cloud(
        s3=s3,
        iot=boto3.client("iot", region_name=region, config=config),
        shadows=boto3.client("iot-data", region_name=region, config=config),
        bucket=artifacts_bucket(arguments),
    )


def devices_of(arguments: argparse.Namespace, cloud: Cloud) -> list[str]:
    """Return the devices that are named, or the things of the group, in order; raises `PushTargetError`."""
    if arguments.device is not None:
        return [_registered(arguments.device, cloud)]
    prefix = f"crowdlens-{arguments.stage}-"
    group = arguments.group if arguments.group.startswith(prefix) else f"{prefix}{arguments.group}"
    pages = cloud.iot.get_paginator("list_things_in_thing_group")
    try:
        things = [thing for page in pages.paginate(thingGroupName=group) for thing in page["things"]]
    except cloud.iot.exceptions.ResourceNotFoundException as error:
        raise PushTargetError(
            f"group {group} does not exist: expected a device group of the stage"
        ) from error
    if not things:
        raise PushTargetError(f"group {group} has no devices: expected at least one")
    return sorted(check_identifier("device", thing) for thing in things)


def _registered(device: str, cloud: Cloud) -> str:
    """Return the name of a device that there is: IoT keeps a shadow for any name, which nobody would read."""
    try:
        cloud.iot.describe_thing(thingName=check_identifier("device", device))
    except cloud.iot.exceptions.ResourceNotFoundException as error:
        raise PushTargetError(f"device {device} does not exist: expected a thing of AWS IoT") from error
    return device


def cameras_of(device: str, cloud: Cloud) -> list[str]:
    """Return the cameras of a device that have a shadow, in order."""
    prefix, names, token = camera_shadow_name(""), [], ""
    while True:
        page = cloud.shadows.list_named_shadows_for_thing(
            thingName=device, **({"nextToken": token} if token else {})
        )
        names += page.get("results", [])
        token = page.get("nextToken", "")
        if not token:
            break
    cameras = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return sorted(check_shadow_camera(camera) for camera in cameras)
