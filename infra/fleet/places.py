"""Where the stage's resources are: names and ARNs that fleet policies write out."""

from __future__ import annotations

from dataclasses import dataclass

from infra.config import StageConfig
from infra.fleet.components import NAMESPACE
from infra.ingest_settings import LAKE_WRITER


@dataclass(frozen=True)
class Places:
    """One stage in one account; each value may be a CDK token. Names are fixed: nothing waits for them."""

    config: StageConfig
    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of `resource` of the account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def iot(self, resource: str) -> str:
        """Return the ARN of an IoT resource (``topic/…``, ``client/…``)."""
        return self.arn("iot", resource)

    @property
    def queue_name(self) -> str:
        """The ingest queue."""
        return LAKE_WRITER.named(self.config.prefix).queue_name

    @property
    def artifacts_bucket(self) -> str:
        """The bucket of component artifacts, models and scenes."""
        return self.config.artifacts_bucket_name(self.account)

    def artifacts(self, key: str = "") -> str:
        """Return the ARN of the artifacts bucket, or of the objects `key` in it."""
        return f"arn:{self.partition}:s3:::{self.artifacts_bucket}" + (f"/{key}" if key else "")

    @property
    def role_alias(self) -> str:
        """The alias under which devices take their role."""
        return f"{self.config.prefix}-device"

    @property
    def role_name(self) -> str:
        """The role that devices take."""
        return self.config.role_name("device")

    @property
    def template_name(self) -> str:
        """The provisioning template; AWS allows 36 characters."""
        return f"{self.config.prefix}-device"

    def group_name(self, name: str) -> str:
        """Return the stage's name of the device group `name`."""
        return f"{self.config.prefix}-{name}"

    def policy_name(self, name: str) -> str:
        """Return the stage's name of the IoT policy `name`."""
        return f"{self.config.prefix}-{name}"

    @property
    def component_namespace(self) -> str:
        """What the names of the stage's components begin with."""
        return f"{NAMESPACE}.{self.config.stage}."
