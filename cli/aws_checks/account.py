"""Who asks, where, and whether CDK can deploy there."""

from __future__ import annotations

from cli.aws_checks.situation import Clients, Situation
from cli.checks import Finding

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Where `cdk bootstrap` notes its version, under CDK's usual qualifier."""
_READY = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""States in which CloudFormation takes an update.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""
_NEVER_MADE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
"""States that a first deployment leaves and out of which only a deletion leads."""
_HELD = ("ROLLBACK_FAILED", "DELETE_FAILED")
"""Something that is left is protected, not empty or in use: another deletion alone fails again."""
_WITH_A_WAY_BACK = {"UPDATE_FAILED": "rollback-stack", "UPDATE_ROLLBACK_FAILED": "continue-update-rollback"}
_WHY = (
    "aws cloudformation describe-stack-events --stack-name {name} "
    "--query \"StackEvents[?ends_with(ResourceStatus,'_FAILED')].[LogicalResourceId,ResourceStatusReason]\""
)


def caller(clients: Clients) -> tuple[Finding, str | None]:
    """Credentials; the account is None without good ones."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        identity = clients("sts", None).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        remedy = "aws configure sso, then AWS_PROFILE=…"
        return Finding("credentials", str(error), remedy), None
    arn, account = identity["Arn"], identity["Account"]
    if arn.endswith(":root"):
        finding = Finding("credentials", arn, "use a role or a user instead of the root user", optional=True)
    else:
        finding = Finding("credentials", arn)
    return finding, account


def same_account(situation: Situation) -> Finding | None:
    """The account that the templates were made for."""
    expected = situation.wanted.account
    if expected is None:
        return None
    remedy = "" if expected == situation.account else f"credentials of {expected}, or -c account="
    return Finding("account", f"{situation.account}; the templates are for {expected}", remedy)


def region_enabled(situation: Situation) -> Finding:
    """A region that the account has switched on."""
    region = situation.wanted.region
    answer = situation.client("ec2").describe_regions(AllRegions=True)
    states = {one["RegionName"]: one["OptInStatus"] for one in answer["Regions"]}
    state = states.get(region, "no region of AWS")
    usable = state in {"opt-in-not-required", "opted-in"}
    remedy = "" if usable else f"aws account enable-region --region-name {region}"
    return Finding("region", f"{region}: {state}", remedy)


def bootstrap(situation: Situation) -> Finding:
    """CDK's own stack, new enough for the templates."""
    client = situation.client("ssm")
    needed = situation.wanted.bootstrap_version
    remedy = f".tools/cdk/cdk bootstrap aws://{situation.account}/{situation.wanted.region}"
    try:
        version = int(client.get_parameter(Name=BOOTSTRAP_PARAMETER)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return Finding("CDK bootstrap", f"none; expected version {needed} or newer", remedy)
    found = f"version {version}; expected {needed} or newer"
    return Finding("CDK bootstrap", found, "" if version >= needed else remedy)


def stack_states(situation: Situation) -> Finding:
    """Stacks of the stage that CloudFormation would update."""
    ours = {name: situation.stacks[name] for name in situation.wanted.templates if name in situation.stacks}
    stuck = [name for name, state in ours.items() if state not in _READY]
    if stuck:
        remedy = "; ".join(_way_out(name, ours[name]) for name in stuck)
        return Finding("stacks", ", ".join(f"{name} is {ours[name]}" for name in stuck), remedy)
    total = len(situation.wanted.templates)
    return Finding("stacks", f"{len(ours)} of {total} are there: the others are created")


def _way_out(name: str, state: str) -> str:
    why = _WHY.format(name=name)
    deletion = f"aws cloudformation delete-stack --stack-name {name}"
    if state in _NEVER_MADE:
        return deletion
    if state.endswith("_IN_PROGRESS"):
        return f"wait until CloudFormation has done with {name}"
    if state in _WITH_A_WAY_BACK:
        back = f"aws cloudformation {_WITH_A_WAY_BACK[state]} --stack-name {name}"
        return f"mend what {why} tells, then {back}"
    if state in _HELD:
        return f"remove what {why} tells, then {deletion}"
    return why
