"""CloudFormation's references made plain: names and ARNs as AWS would give them, for one stage."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.errors import CrowdLensError

Template = Mapping[str, Any]
_NAMES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::IAM::Role": "RoleName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IoT::Policy": "PolicyName",
    "AWS::IoT::RoleAlias": "RoleAlias",
    "AWS::IoT::ThingGroup": "ThingGroupName",
    "AWS::QuickSight::DataSource": "DataSourceId",
    "AWS::QuickSight::DataSet": "DataSetId",
    "AWS::QuickSight::Theme": "ThemeId",
}
"""The property that names a resource of a type; without it CloudFormation makes one up, as `made_up` does."""
_ARNS = {
    "AWS::S3::Bucket": "arn:{partition}:s3:::{name}",
    "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
    "AWS::DynamoDB::Table": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    "AWS::Lambda::Function": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{name}",
    "AWS::SNS::Topic": "arn:{partition}:sns:{region}:{account}:{name}",
    "AWS::Logs::LogGroup": "arn:{partition}:logs:{region}:{account}:log-group:{name}:*",
    "AWS::KMS::Key": "arn:{partition}:kms:{region}:{account}:key/{name}",
    "AWS::IoT::RoleAlias": "arn:{partition}:iot:{region}:{account}:rolealias/{name}",
    "AWS::IoT::ThingGroup": "arn:{partition}:iot:{region}:{account}:thinggroup/{name}",
    "AWS::QuickSight::DataSource": "arn:{partition}:quicksight:{region}:{account}:datasource/{name}",
    "AWS::QuickSight::DataSet": "arn:{partition}:quicksight:{region}:{account}:dataset/{name}",
    "AWS::QuickSight::Theme": "arn:{partition}:quicksight:{region}:{account}:theme/{name}",
    "AWS::SecretsManager::Secret": "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "AWS::StepFunctions::StateMachine": "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
}
_ARN_BY_REFERENCE = ("AWS::SNS::Topic", "AWS::SecretsManager::Secret")
"""Types of which a plain reference is the ARN, not the name."""
_SUBSTITUTED = re.compile(r"\$\{(!?)([^}]+)\}")


class UnresolvedError(CrowdLensError):
    """Raised for an intrinsic function or a reference that has no plain value here."""


@dataclass(frozen=True)
class Place:
    """The account and region that the templates are read for."""

    account: str = "111122223333"
    region: str = "ap-northeast-2"
    partition: str = "aws"


class Resolver:
    """Gives plain values for the intrinsic functions of the templates of one stage."""

    def __init__(self, templates: Mapping[str, Template], place: Place) -> None:
        self._place = place
        self._exports: dict[str, tuple[Template, Any]] = {}
        for template in templates.values():
            for output in template.get("Outputs", {}).values():
                if "Export" in output:
                    name = str(self.plain(template, output["Export"]["Name"]))
                    self._exports[name] = (template, output["Value"])

    def plain(self, template: Template, value: Any) -> Any:
        """Return `value` of `template` without intrinsic functions; raises `UnresolvedError`."""
        if isinstance(value, list):
            return [self.plain(template, one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions().get(name, _unknown(name))(template, argument)
        return {key: self.plain(template, one) for key, one in value.items()}

    def name_of(self, template: Template, logical_id: str) -> str:
        """Return the name of a resource."""
        resource = template["Resources"][logical_id]
        given = resource.get("Properties", {}).get(_NAMES.get(resource["Type"], ""))
        return str(self.plain(template, given)) if given is not None else f"made-up-{logical_id}"

    def arn_of(self, template: Template, logical_id: str) -> str:
        """Return the ARN of a resource; raises `UnresolvedError` for a type that is not listed."""
        kind = template["Resources"][logical_id]["Type"]
        if kind not in _ARNS:
            raise UnresolvedError(f"the ARN of {logical_id}, a {kind}, is not known: expected a listed type")
        return _ARNS[kind].format(name=self.name_of(template, logical_id), **vars(self._place))

    def _functions(self) -> dict[str, Callable[[Template, Any], Any]]:
        return {
            "Ref": self._reference,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": self._joined,
            "Fn::Sub": self._substituted,
            "Fn::ImportValue": self._imported,
            "Fn::Select": lambda template, of: self.plain(template, of[1])[int(of[0])],
            "Fn::Split": lambda template, of: str(self.plain(template, of[1])).split(of[0]),
        }

    def _reference(self, template: Template, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self._place.account,
            "AWS::Region": self._place.region,
            "AWS::Partition": self._place.partition,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in template.get("Parameters", {}):
            return template["Parameters"][name].get("Default", f"parameter-{name}")
        kind = template["Resources"][name]["Type"]
        return self.arn_of(template, name) if kind in _ARN_BY_REFERENCE else self.name_of(template, name)

    def _attribute(self, template: Template, of: Any) -> str:
        logical_id, attribute = of.split(".", 1) if isinstance(of, str) else of
        if attribute in ("Arn", "RoleAliasArn", "TopicArn"):
            return self.arn_of(template, logical_id)
        return f"{self.name_of(template, logical_id)}.{attribute}"

    def _joined(self, template: Template, of: Any) -> str:
        separator, parts = of
        return str(separator).join(str(self.plain(template, part)) for part in parts)

    def _substituted(self, template: Template, of: Any) -> str:
        text, own = (of, {}) if isinstance(of, str) else of

        def value(found: re.Match[str]) -> str:
            is_literal, name = found.groups()
            if is_literal:
                return "${" + name + "}"
            if name in own:
                return str(self.plain(template, own[name]))
            return str(self._attribute(template, name) if "." in name else self._reference(template, name))

        return _SUBSTITUTED.sub(value, text)

    def _imported(self, template: Template, of: Any) -> Any:
        name = str(self.plain(template, of))
        if name not in self._exports:
            raise UnresolvedError(f"no stack exports {name}: expected an output of that name")
        return self.plain(*self._exports[name])


def _unknown(name: str) -> Callable[[Template, Any], Any]:
    def refuse(_template: Template, _argument: Any) -> Any:
        raise UnresolvedError(f"{name} has no plain value here: expected one of the functions of policies")

    return refuse
