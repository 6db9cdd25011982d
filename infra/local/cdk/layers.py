"""Managed layers, published into MiniStack under the very ARNs that the stacks name.

AWS's pandas layer holds Linux code for arm64. Here the functions run on this machine's Python, so the layer
of that name holds only a pointer: a ``.pth`` file to this environment's own copies of the same libraries.
"""

from __future__ import annotations

import importlib.util
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.local.aws_environment import AwsEndpoint

LAYER_LIBRARIES = ("pyarrow", "numpy", "numpy.libs")
"""What the functions import of the AWSSDKPandas layer, and what that needs."""
_LAYER_ARN = re.compile(
    r"arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[\w-]+):(?P<version>\d+)"
)


def publish_layers(endpoint: AwsEndpoint, assembly: Path, libraries: Path) -> list[str]:
    """Publish every layer that a template of `assembly` names, and return their ARNs.

    The folder `libraries` is made: links to this environment's copies.
    """
    _link_libraries(libraries)
    arns = sorted(set(_layer_arns(assembly)))
    for arn in arns:
        _publish(endpoint, arn, libraries)
    return arns


def _layer_arns(assembly: Path) -> Iterator[str]:
    for path in assembly.glob("*.template.json"):
        template = json.loads(path.read_text(encoding="utf-8"))
        for resource in template.get("Resources", {}).values():
            for layer in resource.get("Properties", {}).get("Layers", []):
                if isinstance(layer, str) and _LAYER_ARN.fullmatch(layer):
                    yield layer


def _link_libraries(folder: Path) -> None:
    folder.mkdir()
    spec = importlib.util.find_spec("pyarrow")
    assert spec is not None and spec.origin is not None  # noqa: S101, PT018 - a dependency of the product
    installed = Path(spec.origin).parents[1]
    for name in LAYER_LIBRARIES:
        if (installed / name).exists():
            (folder / name).symlink_to(installed / name)


def _publish(endpoint: AwsEndpoint, arn: str, libraries: Path) -> None:
    match = _LAYER_ARN.fullmatch(arn)
    assert match is not None  # noqa: S101 - `_layer_arns` yields nothing else
    client = endpoint.client("lambda", account=match["account"])
    # Versions are counted by publishing: the layer of version 14 has thirteen before it.
    published = 0
    while published < int(match["version"]):
        made = client.publish_layer_version(
            LayerName=match["name"], Content={"ZipFile": _pointer_to(libraries)}
        )
        published = made["Version"]
    client.add_layer_version_permission(
        LayerName=match["name"],
        VersionNumber=published,
        StatementId="everybody",
        Action="lambda:GetLayerVersion",
        Principal="*",
    )


def _pointer_to(libraries: Path) -> bytes:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"python/lib/{version}/site-packages/libraries.pth", f"{libraries}\n")
    return content.getvalue()
