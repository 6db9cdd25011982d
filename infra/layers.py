"""AWS's managed layers, pinned: the ARN of one version a region.

AWSSDKPandas brings pyarrow and pandas, built for the runtime. The account and the number of a version differ
between regions, so they are a table:
https://github.com/aws/aws-sdk-pandas/blob/3.17.0/docs/source/layers.rst
"""

from __future__ import annotations

from collections.abc import Mapping

from contract.errors import CrowdLensError

PANDAS_VERSION = "3.17.0"
_LAYER = "AWSSDKPandas-Python313-Arm64"
_COMMON_ACCOUNT = "336392948345"
_PANDAS: Mapping[str, tuple[str, int]] = {
    # region: the account that publishes it there, its version number there
    "af-south-1": (_COMMON_ACCOUNT, 13),
    "ap-east-1": ("839552336658", 11),
    "ap-northeast-1": (_COMMON_ACCOUNT, 14),
    "ap-northeast-2": (_COMMON_ACCOUNT, 14),
    "ap-northeast-3": (_COMMON_ACCOUNT, 14),
    "ap-south-1": (_COMMON_ACCOUNT, 14),
    "ap-south-2": ("246107603503", 11),
    "ap-southeast-1": (_COMMON_ACCOUNT, 14),
    "ap-southeast-2": (_COMMON_ACCOUNT, 14),
    "ap-southeast-3": ("258944054355", 11),
    "ap-southeast-4": ("945386623051", 11),
    "ca-central-1": (_COMMON_ACCOUNT, 14),
    "ca-west-1": ("941713567376", 3),
    "eu-central-1": (_COMMON_ACCOUNT, 14),
    "eu-central-2": ("956415814219", 11),
    "eu-north-1": (_COMMON_ACCOUNT, 14),
    "eu-south-1": ("774444163449", 11),
    "eu-south-2": ("982086096842", 11),
    "eu-west-1": (_COMMON_ACCOUNT, 14),
    "eu-west-2": (_COMMON_ACCOUNT, 14),
    "eu-west-3": (_COMMON_ACCOUNT, 14),
    "il-central-1": ("263840725265", 11),
    "me-central-1": ("593833071574", 11),
    "sa-east-1": (_COMMON_ACCOUNT, 14),
    "us-east-1": (_COMMON_ACCOUNT, 14),
    "us-east-2": (_COMMON_ACCOUNT, 14),
    "us-west-1": (_COMMON_ACCOUNT, 14),
    "us-west-2": (_COMMON_ACCOUNT, 14),
}


class LayerError(CrowdLensError):
    """Raised for a region in which a layer is not published."""


def pandas_layer_arn(region: str) -> str:
    """Return the ARN of the pinned AWSSDKPandas layer for Python 3.13 on arm64; raises `LayerError`."""
    if region not in _PANDAS:
        raise LayerError(
            f"region is {region!r}: AWS publishes no {_LAYER} layer of version {PANDAS_VERSION} there; "
            f"expected one of {', '.join(_PANDAS)}"
        )
    account, number = _PANDAS[region]
    return f"arn:aws:lambda:{region}:{account}:layer:{_LAYER}:{number}"


def pandas_regions() -> tuple[str, ...]:
    """Return the regions in which the stacks can be deployed."""
    return tuple(_PANDAS)
