"""The roots by which functions trust an RDS instance: which regions they cover."""

from __future__ import annotations

import re

from contract.errors import CrowdLensError
from infra.bundles import ROOT

RDS_AUTHORITY = "rds-ca-rsa2048-g1"
"""The authority that our instances ask for; RDS would otherwise take the account's default."""
RDS_ROOTS_IN_BUNDLE = "lambdas/shared/rds_ca.pem"
RDS_ROOTS_FILE = f"/var/task/{RDS_ROOTS_IN_BUNDLE}"
"""Where a function finds them: Lambda unpacks a bundle into /var/task."""
_ROOT_NAME = re.compile(r"^# Amazon RDS (\S+) Root CA RSA2048 G1$", re.M)


class CertificateError(CrowdLensError):
    """Raised for a region whose RDS instances no root of ours signs for."""


def rds_regions() -> tuple[str, ...]:
    """Return the regions whose root is in the bundle."""
    return tuple(_ROOT_NAME.findall((ROOT / RDS_ROOTS_IN_BUNDLE).read_text(encoding="ascii")))


def check_rds_region(region: str) -> str:
    """Return `region`; raises `CertificateError` when nothing could verify an instance there."""
    regions = rds_regions()
    if region not in regions:
        raise CertificateError(
            f"region is {region!r}: {RDS_ROOTS_IN_BUNDLE} has no RDS root for it; expected mysql=off "
            f"or one of {', '.join(regions)}"
        )
    return region
