"""What runs on devices: component versions and, for each group, the deployment that brings them there."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_greengrassv2 as greengrass
from constructs import Construct

from infra.config import StageConfig
from infra.fleet.components import LIBRARIES, NAMESPACE, ROOT_HELPER, Component, load_components, stage_name
from infra.fleet.places import Places
from infra.fleet.recipe_check import check_component
from infra.fleet.rollout import deployment_job, deployment_policies
from infra.fleet.targets import GROUPS, DeviceGroup
from infra.fleet.versions import check_versions, read_versions

DEEPSTREAM_BRIDGE, MODEL_STORE, PUBLISHER, VISION = (
    f"{NAMESPACE}.{name}" for name in ("deepstream_bridge", "model_store", "publisher", "vision")
)


class ComponentsStack(Stack):
    """Exposes `versions` and `deployments` (by group).

    Greengrass fetches every artifact when it makes a version: they have to be in their bucket before.

    Raises `RecipeError` or `VersionsLockError` for components that must not be deployed as they are.
    """

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self._places = Places(config, Aws.PARTITION, Aws.REGION, Aws.ACCOUNT_ID)
        components = load_components()
        for component in components:
            check_component(component)
        check_versions(components, read_versions())
        self.versions = {
            (component.name, component.version): self._version(component) for component in components
        }
        self.deployments = {
            group.name: self._deployment(group, self._of_group(components, group))
            for group in GROUPS
            if group.python
        }

    def _version(self, component: Component) -> greengrass.CfnComponentVersion:
        recipe = component.rendered(stage=self._config.stage, bucket=self._places.artifacts_bucket)
        short = component.name.removeprefix(f"{NAMESPACE}.")
        # The libraries' two versions live side by side; of others a new version replaces the old one.
        line = "".join(component.version.split(".")[:2]) if component.name == LIBRARIES else ""
        return greengrass.CfnComponentVersion(
            self, f"Component-{short}{line}", inline_recipe=self.to_json_string(recipe)
        )

    def _deployment(self, group: DeviceGroup, components: list[Component]) -> greengrass.CfnDeployment:
        deployment = greengrass.CfnDeployment(
            self,
            f"Deployment-{group.name}",
            deployment_name=self._places.group_name(group.name),
            target_arn=self._places.iot(f"thinggroup/{self._places.group_name(group.name)}"),
        )
        specifications = {
            stage_name(component.name, self._config.stage): self._specification(component, group)
            for component in components
        }
        for key, value in (
            ("Components", specifications),
            ("IotJobConfiguration", deployment_job()),
            ("DeploymentPolicies", deployment_policies()),
        ):
            deployment.add_property_override(key, value)
        for component in components:
            deployment.add_resource_dependency(self.versions[component.name, component.version])
        return deployment

    def _specification(self, component: Component, group: DeviceGroup) -> dict[str, Any]:
        specification: dict[str, Any] = {"ComponentVersion": component.version}
        merge = self._merge(component.name, group)
        if merge:
            specification["ConfigurationUpdate"] = {"Merge": self.to_json_string(merge)}
        if component.name == ROOT_HELPER:
            # Not only its process: what it is made of must be root's, too.
            specification["RunWith"] = {"PosixUser": "root:root"}
        return specification

    def _merge(self, name: str, group: DeviceGroup) -> dict[str, str]:
        """Return what the stage and the group set in the configuration of a component."""
        chosen = self._config.device_groups
        if name == PUBLISHER:
            queue = f"https://sqs.{Aws.REGION}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{self._places.queue_name}"
            return {"queueUrl": queue, "profile": self._config.profile}
        if name == VISION:
            return {"artifactsBucket": self._places.artifacts_bucket}
        if name == MODEL_STORE:
            model = {"model": chosen.models[group.name]} if group.name in chosen.models else {}
            key = {"signingKey": chosen.model_signing_key} if chosen.model_signing_key else {}
            return {"artifactsBucket": self._places.artifacts_bucket, **model, **key}
        if name == DEEPSTREAM_BRIDGE:
            return {"kittiFolder": chosen.kitti_folders[group.name]}
        return {}

    def _of_group(self, components: tuple[Component, ...], group: DeviceGroup) -> list[Component]:
        """Return what the devices of `group` run, with the libraries for their Python.

        That is everything, but the bridge to a DeepStream app only where there is such an app.
        """
        return [
            component
            for component in components
            if (component.name != LIBRARIES or component.version.startswith(f"{group.python}."))
            and (
                component.name != DEEPSTREAM_BRIDGE or group.name in self._config.device_groups.kitti_folders
            )
        ]
