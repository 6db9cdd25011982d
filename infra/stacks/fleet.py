"""Devices and their rights: groups, certificates' policies, provisioning by claim, the device role, jobs.

What runs on a device is in `infra.stacks.components`, which needs the artifacts to be in their bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_cdk import Aws, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from infra.acknowledgements import acknowledge_wildcard
from infra.config import StageConfig
from infra.constructs.python_function import PythonFunction
from infra.fleet.jobs import OPERATIONS
from infra.fleet.places import Places
from infra.fleet.policies import (
    DEVICE_ROLE_PATTERNS,
    Document,
    claim_policy,
    device_policies,
    device_role_statements,
    device_role_trust,
)
from infra.fleet.provisioning import (
    PROVISIONING_ROLE_PATTERNS,
    provisioning_role_statements,
    provisioning_template,
)
from infra.fleet.targets import GROUPS

CREDENTIAL_SECONDS = 3600
HOOK_SECONDS = 5
"""AWS IoT waits no longer for a pre-provisioning hook."""
HOOK_CONCURRENCY = 5
"""A van full of new devices; more wait and ask again."""
_AS_NAG_WRITES = ("<AWS::Partition>", "<AWS::Region>", "<AWS::AccountId>")
KEY_PREFIXES = ("device#*", "serial#*")
"""What the hook sees of the control table: the registry and the expected devices, no lease and no account."""


class FleetStack(Stack):
    """Exposes `groups` (thing groups by name), `provisioning` (the hook) and `device_role`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self.places = Places(config, Aws.PARTITION, Aws.REGION, Aws.ACCOUNT_ID)
        self.groups = self._thing_groups()
        self.device_role = self._device_role()
        policies = {
            self.places.policy_name("claim"): claim_policy(self.places),
            **device_policies(self.places),
        }
        self._policies = [self._iot_policy(name, document) for name, document in policies.items()]
        self.provisioning = self._provisioning_hook()
        self._provisioning_template()
        self._job_templates()

    def _thing_groups(self) -> dict[str, iot.CfnThingGroup]:
        groups: dict[str, iot.CfnThingGroup] = {}
        for group in GROUPS:
            made = iot.CfnThingGroup(
                self,
                f"Group-{group.name}",
                thing_group_name=self.places.group_name(group.name),
                parent_group_name=None if group.parent is None else self.places.group_name(group.parent),
                thing_group_properties=iot.CfnThingGroup.ThingGroupPropertiesProperty(
                    thing_group_description=group.description
                ),
            )
            if group.parent is not None:
                made.add_resource_dependency(groups[group.parent])
            groups[group.name] = made
        return groups

    def _iot_policy(self, name: str, document: Document) -> iot.CfnPolicy:
        return iot.CfnPolicy(self, f"Policy-{name}", policy_name=name, policy_document=document)

    def _device_role(self) -> iam.CfnRole:
        """The role every device takes, each as itself, and the alias it takes it by."""
        role = iam.CfnRole(
            self,
            "DeviceRole",
            role_name=self.places.role_name,
            description="What a device may do in the cloud, as the thing that its certificate belongs to",
            assume_role_policy_document=device_role_trust(self.places),
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="device",
                    policy_document={
                        "Version": "2012-10-17",
                        "Statement": device_role_statements(self.places),
                    },
                )
            ],
        )
        iot.CfnRoleAlias(
            self,
            "DeviceRoleAlias",
            role_alias=self.places.role_alias,
            role_arn=role.attr_arn,
            credential_duration_seconds=CREDENTIAL_SECONDS,
        )
        self._acknowledge_patterns(role, device_role_statements, DEVICE_ROLE_PATTERNS)
        return role

    def _acknowledge_patterns(
        self, role: iam.CfnRole, statements_of: Callable[[Places], list[Document]], reasons: Mapping[str, str]
    ) -> None:
        """Accept each pattern of the statements, for the reason that its Sid has."""
        for statement in statements_of(Places(self._config, *_AS_NAG_WRITES)):
            for resource in statement["Resource"]:
                if "*" in resource:
                    written = resource.replace("${", "<").replace("}", ">")
                    acknowledge_wildcard(role, written, reasons[statement["Sid"]])

    def _provisioning_hook(self) -> PythonFunction:
        table = self._config.control_table_name
        hook = PythonFunction(
            self,
            "Provisioning",
            config=self._config,
            name="provisioning",
            # One look into a table: 256 MiB give it a sixth of a core, enough to answer a cold start in time.
            memory_mebibytes=256,
            timeout_seconds=HOOK_SECONDS,
            environment={"CONTROL_TABLE": table, "GROUP_PREFIX": self._config.prefix},
            reserved_concurrency=HOOK_CONCURRENCY,
        )
        hook.role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "dynamodb:GetItem",
                    "dynamodb:BatchGetItem",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                ],
                resources=[self.places.arn("dynamodb", f"table/{table}")],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(KEY_PREFIXES)}},
            )
        )
        hook.function.add_permission(
            "AwsIot",
            principal=iam.ServicePrincipal("iot.amazonaws.com"),
            source_account=Aws.ACCOUNT_ID,
            source_arn=self.places.iot(f"provisioningtemplate/{self.places.template_name}"),
        )
        return hook

    def _provisioning_role(self) -> iam.CfnRole:
        role = iam.CfnRole(
            self,
            "ProvisioningRole",
            description="What AWS IoT does when it provisions a device",
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "iot.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                    }
                ],
            },
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="provision",
                    policy_document={
                        "Version": "2012-10-17",
                        "Statement": provisioning_role_statements(self.places),
                    },
                )
            ],
        )
        self._acknowledge_patterns(role, provisioning_role_statements, PROVISIONING_ROLE_PATTERNS)
        return role

    def _provisioning_template(self) -> None:
        template = iot.CfnProvisioningTemplate(
            self,
            "ProvisioningTemplate",
            template_name=self.places.template_name,
            template_type="FLEET_PROVISIONING",
            description="Makes an expected device a thing, with its certificate, policies and group",
            enabled=True,
            provisioning_role_arn=self._provisioning_role().attr_arn,
            template_body=self.to_json_string(provisioning_template(self.places)),
            pre_provisioning_hook=iot.CfnProvisioningTemplate.ProvisioningHookProperty(
                payload_version="2020-04-01", target_arn=self.provisioning.function.function_arn
            ),
        )
        template.node.add_dependency(self.provisioning, *self._policies, *self.groups.values())
        CfnOutput(self, "TemplateName", value=self.places.template_name, description="For install_device.sh")
        CfnOutput(self, "RoleAlias", value=self.places.role_alias, description="For install_device.sh")
        CfnOutput(
            self, "ClaimPolicy", value=self.places.policy_name("claim"), description="For claim certificates"
        )

    def _job_templates(self) -> None:
        for operation in OPERATIONS:
            name = operation.template_id(self._config.prefix, self._config.tags)
            template = iot.CfnJobTemplate(
                self,
                f"Job-{operation.name}",
                job_template_id=name,
                description=operation.description,
            )
            for key, value in operation.properties().items():
                template.add_property_override(key, value)
            title = "".join(word.capitalize() for word in operation.name.split("_"))
            CfnOutput(self, f"Job{title}", value=name, description="Job template, for create-job")
