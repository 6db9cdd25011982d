"""The policies of a stage, from its synthesised templates: what a function, a device, a user may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.access.intrinsics import Place, Resolver, Template, UnresolvedError
from infra.access.policy import Decision, Request, Statement, decide, read_statement

_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_OF_RESOURCES = {
    # type: property that names the resources, property that has the document
    "AWS::S3::BucketPolicy": ("Bucket", "PolicyDocument"),
    "AWS::SQS::QueuePolicy": ("Queues", "PolicyDocument"),
    "AWS::SNS::TopicPolicy": ("Topics", "PolicyDocument"),
}


@dataclass(frozen=True)
class Found:
    """A statement, the stack it is in, and the logical id of the resource that has it."""

    stack: str
    logical_id: str
    entry: Mapping[str, Any]

    @property
    def statement(self) -> Statement:
        """The statement, to be asked."""
        return read_statement(self.entry)


class StageAccess:
    """Answers for all templates of a stage at once; `place` is where they would be deployed."""

    def __init__(self, templates: Mapping[str, Template], place: Place | None = None) -> None:
        self.place = place or Place()
        self._templates = templates
        self._resolver = Resolver(templates, self.place)

    def resources(self, kind: str) -> Iterator[tuple[str, Template, str]]:
        """Yield stack, template and logical id of each resource of a type."""
        for stack, template in self._templates.items():
            for logical_id, resource in template["Resources"].items():
                if resource["Type"] == kind:
                    yield stack, template, logical_id

    def plain(self, template: Template, logical_id: str, name: str) -> Any:
        """Return a property of a resource with its references resolved."""
        properties = template["Resources"][logical_id].get("Properties", {})
        return self._resolver.plain(template, properties.get(name))

    def role_of_function(self, function_name: str) -> str:
        """Return the role's ARN of a Lambda function; raises KeyError when there is none of that name."""
        for _, template, logical_id in self.resources("AWS::Lambda::Function"):
            if self._resolver.name_of(template, logical_id) == function_name:
                return str(self.plain(template, logical_id, "Role"))
        raise KeyError(f"no template has a function {function_name}")

    def roles(self) -> dict[str, str]:
        """Return the ARN of every role by its stack and logical id, with a slash between them."""
        return {
            f"{stack}/{logical_id}": self._resolver.arn_of(template, logical_id)
            for stack, template, logical_id in self.resources("AWS::IAM::Role")
        }

    def statements_of(self, role_arn: str) -> list[Statement]:
        """Return what the policies of a role say, in line and attached; raises `UnresolvedError`.

        A policy that AWS manages is not in any template, so a role that has one cannot be judged.
        """
        return [found.statement for found in self.found_of(role_arn)]

    def found_of(self, role_arn: str) -> list[Found]:
        """Return the statements of a role with where they stand."""
        name = role_arn.rpartition("/")[2]
        found: list[Found] = []
        for kind in _POLICIES:
            for stack, template, logical_id in self.resources(kind):
                roles = self.plain(template, logical_id, "Roles") or []
                roles += [self.plain(template, logical_id, "RoleName")]
                if name in roles:
                    document = self.plain(template, logical_id, "PolicyDocument")
                    found += _found(stack, logical_id, document)
        for stack, template, logical_id in self.resources("AWS::IAM::Role"):
            if self._resolver.arn_of(template, logical_id) == role_arn:
                self._refuse_managed(template, logical_id)
                for policy in self.plain(template, logical_id, "Policies") or []:
                    found += _found(stack, logical_id, policy["PolicyDocument"])
        return found

    def statements_on(self, resource_arn: str) -> list[Statement]:
        """Return what the policy of a bucket, queue or topic says."""
        found: list[Statement] = []
        for kind, (names, document) in _OF_RESOURCES.items():
            for _, template, logical_id in self.resources(kind):
                owners = self.plain(template, logical_id, names)
                listed = [str(owner) for owner in (owners if isinstance(owners, list) else [owners])]
                if any(_is_of(resource_arn, owner) for owner in listed):
                    entries = self.plain(template, logical_id, document)["Statement"]
                    found += [read_statement(entry) for entry in entries]
        return found

    def decide(self, role_arn: str, request: Request) -> Decision:
        """Return what becomes of `request` when the role makes it: its own policies and the resource's."""
        made = Request(request.action, request.resource, role_arn, request.context)
        return decide([*self.statements_of(role_arn), *self.statements_on(request.resource)], made)

    def everything(self) -> Iterator[Found]:
        """Yield every statement of every role and of every IoT policy."""
        for role_arn in self.roles().values():
            yield from self.found_of(role_arn)
        for stack, template, logical_id in self.resources("AWS::IoT::Policy"):
            yield from _found(stack, logical_id, self.plain(template, logical_id, "PolicyDocument"))

    def _refuse_managed(self, template: Template, logical_id: str) -> None:
        managed = self.plain(template, logical_id, "ManagedPolicyArns") or []
        if any(":iam::aws:policy/" in str(arn) for arn in managed):
            raise UnresolvedError(
                f"{logical_id} has a policy managed by AWS ({managed[0]}): expected ours only"
            )


def _found(stack: str, logical_id: str, document: Mapping[str, Any]) -> list[Found]:
    entries = document["Statement"]
    return [Found(stack, logical_id, one) for one in (entries if isinstance(entries, list) else [entries])]


def _is_of(resource_arn: str, owner: str) -> bool:
    """Return whether a policy attached to `owner` (a name, a URL or an ARN) is about the resource."""
    name = owner.rpartition("/")[2] if owner.startswith("https://") else owner
    resource = resource_arn.split("/", 1)[0]
    return resource in (name, resource_arn) if name.startswith("arn:") else resource.endswith(f":{name}")
