"""What each function, device and user may do, asked of the policies in the templates as AWS would ask them.

A row that must be denied is the reason a grant is as narrow as it is; a row that must be allowed keeps a
function working.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract.device_store import scenes_prefix
from contract.topics import alert_topic, camera_shadow_name
from infra.access.intrinsics import Place
from infra.access.policy import Decision, Request, decide, read_statements
from infra.access.stage import StageAccess

pytestmark = pytest.mark.xdist_group("synth")
ALLOWED, NOT_ALLOWED, DENIED = Decision.ALLOWED, Decision.NOT_ALLOWED, Decision.DENIED
STAGE, ACCOUNT, REGION = "crowdlens-prod", "123456789012", "ap-northeast-2"
LAKE = f"arn:aws:s3:::{STAGE}-lake-{ACCOUNT}-{REGION}"
INBOX = f"arn:aws:s3:::{STAGE}-inbox-{ACCOUNT}-{REGION}"
ARTIFACTS = f"arn:aws:s3:::{STAGE}-artifacts-{ACCOUNT}-{REGION}"
PHOTOS = f"arn:aws:s3:::{STAGE}-photos-{ACCOUNT}-{REGION}"
RAW = f"{LAKE}/raw/tracks/day=2026-11-21/a.parquet"
COMPACTED = f"{LAKE}/compacted/tracks/day=2026-11-21/a.parquet"
COVER = f"{LAKE}/covers/tracks/day=2026-11-21/a.json"
QUARANTINE = f"{LAKE}/quarantine/2026-11-21/a.json"
RESULT = f"{LAKE}/athena-results/a.csv"
HERE = f"{REGION}:{ACCOUNT}"
ALERT_TOPIC = f"arn:aws:sns:{HERE}:{STAGE}-alerts"
CONTROL = f"arn:aws:dynamodb:{HERE}:table/{STAGE}-control"


def queue(name: str) -> str:
    return f"arn:aws:sqs:{HERE}:{STAGE}-{name}"


def function(name: str) -> str:
    return f"arn:aws:lambda:{HERE}:function:{STAGE}-{name}"


@pytest.fixture(scope="module")
def access(synthesise: Callable[[str], dict[str, dict[str, Any]]]) -> StageAccess:
    return StageAccess(synthesise("prod"), Place(ACCOUNT, REGION))


ROWS: list[tuple[str, str, str, Decision]] = [
    # lake_writer adds; it cannot lose what is there.
    ("lake-writer", "s3:PutObject", RAW, ALLOWED),
    ("lake-writer", "s3:PutObject", QUARANTINE, ALLOWED),
    ("lake-writer", "s3:PutObject", COMPACTED, NOT_ALLOWED),
    ("lake-writer", "s3:GetObject", RAW, NOT_ALLOWED),
    ("lake-writer", "s3:DeleteObject", RAW, NOT_ALLOWED),
    ("lake-writer", "s3:DeleteObjectVersion", RAW, NOT_ALLOWED),
    ("lake-writer", "s3:ListBucket", LAKE, NOT_ALLOWED),
    ("lake-writer", "sqs:ReceiveMessage", queue("ingest"), ALLOWED),
    ("lake-writer", "sqs:DeleteMessage", queue("ingest"), ALLOWED),
    ("lake-writer", "sqs:ReceiveMessage", queue("ingest-dead-letters"), NOT_ALLOWED),
    ("lake-writer", "sqs:SendMessage", queue("load"), NOT_ALLOWED),
    ("lake-writer", "dynamodb:BatchGetItem", CONTROL, ALLOWED),
    ("lake-writer", "dynamodb:PutItem", CONTROL, NOT_ALLOWED),
    # rds_loader reads the lake; MySQL is a projection and must not reach back.
    ("rds-loader", "s3:GetObject", RAW, ALLOWED),
    ("rds-loader", "s3:GetObjectVersion", RAW, ALLOWED),
    ("rds-loader", "s3:GetObject", COMPACTED, ALLOWED),
    ("rds-loader", "s3:GetObject", QUARANTINE, NOT_ALLOWED),
    ("rds-loader", "s3:PutObject", RAW, NOT_ALLOWED),
    ("rds-loader", "s3:DeleteObject", RAW, NOT_ALLOWED),
    ("rds-loader", "s3:DeleteObject", COMPACTED, NOT_ALLOWED),
    ("rds-loader", "s3:DeleteObjectVersion", RAW, NOT_ALLOWED),
    ("rds-loader", "s3:DeleteBucket", LAKE, NOT_ALLOWED),
    ("rds-loader", "s3:PutLifecycleConfiguration", LAKE, NOT_ALLOWED),
    ("rds-loader", "sqs:ReceiveMessage", queue("load"), ALLOWED),
    ("rds-loader", "sqs:ReceiveMessage", queue("ingest"), NOT_ALLOWED),
    ("rds-loader", "secretsmanager:GetSecretValue", "*", NOT_ALLOWED),
    # compactor takes away what it has proved to be elsewhere, and only hides it.
    ("compactor", "s3:ListBucket", LAKE, ALLOWED),
    ("compactor", "s3:GetObject", RAW, ALLOWED),
    ("compactor", "s3:PutObject", COMPACTED, ALLOWED),
    ("compactor", "s3:PutObject", COVER, ALLOWED),
    ("compactor", "s3:PutObject", RAW, NOT_ALLOWED),
    ("compactor", "s3:DeleteObject", RAW, ALLOWED),
    ("compactor", "s3:DeleteObject", COMPACTED, ALLOWED),
    ("compactor", "s3:DeleteObject", COVER, ALLOWED),
    ("compactor", "s3:DeleteObjectVersion", RAW, NOT_ALLOWED),
    ("compactor", "s3:GetObject", QUARANTINE, NOT_ALLOWED),
    ("compactor", "s3:PutObject", QUARANTINE, NOT_ALLOWED),
    ("compactor", "s3:DeleteObject", QUARANTINE, NOT_ALLOWED),
    ("compactor", "dynamodb:UpdateItem", CONTROL, ALLOWED),
    ("compactor", "dynamodb:DeleteItem", CONTROL, NOT_ALLOWED),
    ("compactor", "lambda:InvokeFunction", function("compactor"), ALLOWED),
    ("compactor", "lambda:InvokeFunction", function("lake-writer"), NOT_ALLOWED),
    # reconciler looks, and has lost notifications sent again.
    ("reconciler", "s3:GetObject", RAW, ALLOWED),
    ("reconciler", "s3:GetObject", COVER, ALLOWED),
    ("reconciler", "s3:PutObject", RAW, NOT_ALLOWED),
    ("reconciler", "s3:DeleteObject", RAW, NOT_ALLOWED),
    ("reconciler", "s3:GetObject", QUARANTINE, NOT_ALLOWED),
    ("reconciler", "sqs:SendMessage", queue("load"), ALLOWED),
    ("reconciler", "sqs:SendMessage", queue("ingest"), NOT_ALLOWED),
    ("reconciler", "sqs:SendMessage", queue("alerts"), ALLOWED),
    ("reconciler", "sns:Publish", ALERT_TOPIC, NOT_ALLOWED),
    # live_api asks MySQL; of S3 it has the photos and the list of places.
    ("live-api", "s3:GetObject", f"{PHOTOS}/plaza/0123.jpg", ALLOWED),
    ("live-api", "s3:PutObject", f"{PHOTOS}/plaza/0123.jpg", ALLOWED),
    ("live-api", "s3:DeleteObject", f"{PHOTOS}/plaza/0123.jpg", NOT_ALLOWED),
    ("live-api", "s3:PutObject", f"{LAKE}/places/places.json", ALLOWED),
    ("live-api", "s3:PutObject", RAW, NOT_ALLOWED),
    ("live-api", "s3:GetObject", RAW, NOT_ALLOWED),
    ("live-api", "dynamodb:GetItem", CONTROL, NOT_ALLOWED),
    ("live-api", "cognito-idp:AdminCreateUser", "*", NOT_ALLOWED),
    ("live-api", "secretsmanager:GetSecretValue", "*", NOT_ALLOWED),
    # page_setup puts the page's files, and reaches nothing else.
    ("page-setup", "s3:PutObject", f"{LAKE}/places/places.json", NOT_ALLOWED),
    ("page-setup", "s3:PutObject", f"{PHOTOS}/plaza/0123.jpg", NOT_ALLOWED),
    ("page-setup", "s3:GetObject", RAW, NOT_ALLOWED),
    ("page-setup", "lambda:InvokeFunction", function("live-api"), NOT_ALLOWED),
    # notifier tells people, and knows of rules and what was told.
    ("notifier", "sns:Publish", ALERT_TOPIC, ALLOWED),
    ("notifier", "sns:Publish", f"arn:aws:sns:{HERE}:{STAGE}-alarms", NOT_ALLOWED),
    ("notifier", "sns:Subscribe", ALERT_TOPIC, NOT_ALLOWED),
    ("notifier", "sqs:ReceiveMessage", queue("alerts"), ALLOWED),
    ("notifier", "sqs:SendMessage", queue("alerts"), NOT_ALLOWED),
    ("notifier", "dynamodb:PutItem", CONTROL, ALLOWED),
    ("notifier", "dynamodb:Scan", CONTROL, NOT_ALLOWED),
    ("notifier", "s3:GetObject", RAW, NOT_ALLOWED),
    ("dead-letters", "sqs:ReceiveMessage", queue("alerts-dead-letters"), ALLOWED),
    ("dead-letters", "sqs:ReceiveMessage", queue("alert-rule-dead-letters"), ALLOWED),
    ("reconciler", "dynamodb:PutItem", CONTROL, ALLOWED),
    ("reconciler", "dynamodb:DeleteTable", CONTROL, NOT_ALLOWED),
    # open_data reads what was dropped and adds to the lake; it reaches no record and loses no file.
    ("open-data", "s3:GetObject", f"{INBOX}/inbox/wifi.csv", ALLOWED),
    ("open-data", "s3:GetObject", f"{INBOX}/profiles/parks.yaml", ALLOWED),
    ("open-data", "s3:ListBucket", INBOX, ALLOWED),
    ("open-data", "s3:GetObject", f"{INBOX}/else/secret.txt", NOT_ALLOWED),
    ("open-data", "s3:PutObject", f"{INBOX}/inbox/wifi.csv", NOT_ALLOWED),
    ("open-data", "s3:DeleteObject", f"{INBOX}/inbox/wifi.csv", NOT_ALLOWED),
    ("open-data", "s3:PutObject", f"{LAKE}/open_data/free_wifi/day=2026-11-21/a.parquet", ALLOWED),
    ("open-data", "s3:PutObject", f"{LAKE}/open_data_quarantine/free_wifi/day=2026-11-21/a.jsonl", ALLOWED),
    ("open-data", "s3:PutObject", f"{LAKE}/open_data_reports/refused/day=2026-11-21/a.json", ALLOWED),
    ("open-data", "s3:PutObject", f"{LAKE}/open_data_proposals/a.yaml", ALLOWED),
    ("open-data", "s3:DeleteObject", f"{LAKE}/open_data/free_wifi/day=2026-11-21/a.parquet", NOT_ALLOWED),
    ("open-data", "s3:PutObject", RAW, NOT_ALLOWED),
    ("open-data", "s3:GetObject", RAW, NOT_ALLOWED),
    ("open-data", "s3:PutObject", QUARANTINE, NOT_ALLOWED),
    ("open-data", "sqs:ReceiveMessage", queue("open-data"), ALLOWED),
    ("open-data", "sqs:ReceiveMessage", queue("load"), NOT_ALLOWED),
    ("open-data", "dynamodb:GetItem", CONTROL, NOT_ALLOWED),
    # dead_letters only puts away.
    ("dead-letters", "s3:PutObject", QUARANTINE, ALLOWED),
    ("dead-letters", "s3:GetObject", QUARANTINE, NOT_ALLOWED),
    ("dead-letters", "s3:DeleteObject", QUARANTINE, NOT_ALLOWED),
    ("dead-letters", "s3:GetObject", RAW, NOT_ALLOWED),
    ("dead-letters", "s3:PutObject", RAW, NOT_ALLOWED),
    ("dead-letters", "sqs:ReceiveMessage", queue("ingest-dead-letters"), ALLOWED),
    ("dead-letters", "sqs:DeleteMessage", queue("load-dead-letters"), ALLOWED),
    ("dead-letters", "sqs:DeleteMessage", queue("open-data-dead-letters"), ALLOWED),
    ("dead-letters", "sqs:ReceiveMessage", queue("ingest"), NOT_ALLOWED),
    ("dead-letters", "sqs:SendMessage", queue("ingest"), NOT_ALLOWED),
    # migrations has MySQL and nothing else; its master's secret is read outside the VPC, by database_setup.
    ("migrations", "s3:GetObject", RAW, NOT_ALLOWED),
    ("migrations", "lambda:InvokeFunction", function("database-setup"), NOT_ALLOWED),
    ("database-setup", "lambda:InvokeFunction", function("migrations"), ALLOWED),
    ("database-setup", "lambda:InvokeFunction", function("rds-loader"), NOT_ALLOWED),
    ("database-setup", "s3:GetObject", RAW, NOT_ALLOWED),
    # The pre-provisioning hook looks at expected devices.
    ("provisioning", "s3:GetObject", RAW, NOT_ALLOWED),
    ("provisioning", "dynamodb:DeleteItem", CONTROL, NOT_ALLOWED),
    ("provisioning", "dynamodb:Scan", CONTROL, NOT_ALLOWED),
    ("provisioning", "sqs:SendMessage", queue("ingest"), NOT_ALLOWED),
]


@pytest.mark.parametrize(
    ("name", "action", "resource", "expected"),
    [
        pytest.param(*row, id=f"{row[0]} {row[1]} {row[2].replace(LAKE, 'lake').rpartition(':')[2][:48]}")
        for row in ROWS
    ],
)
def test_a_function_may_do_what_it_must_and_no_more(
    name: str, action: str, resource: str, expected: Decision, access: StageAccess
) -> None:
    role = access.role_of_function(f"{STAGE}-{name}")
    assert access.decide(role, Request(action, resource)) is expected


def test_every_function_has_rows(access: StageAccess) -> None:
    functions = {
        access.plain(template, logical_id, "FunctionName").removeprefix(f"{STAGE}-")
        for _, template, logical_id in access.resources("AWS::Lambda::Function")
    }
    assert functions == {row[0] for row in ROWS}


def test_every_function_may_write_its_own_log_and_no_other(access: StageAccess) -> None:
    names = sorted({row[0] for row in ROWS})
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        role = access.role_of_function(f"{STAGE}-{name}")
        for owner, expected in ((name, ALLOWED), (other, NOT_ALLOWED)):
            stream = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/{STAGE}-{owner}:log-stream:x"
            assert access.decide(role, Request("logs:PutLogEvents", stream)) is expected


@pytest.mark.parametrize(
    ("action", "resource", "who"),
    [
        pytest.param("s3:GetObject", RAW, {"Compactor", "Reconciler", "RdsLoader", "Role"}, id="read raw"),
        pytest.param("s3:PutObject", RAW, {"LakeWriter"}, id="write raw"),
        pytest.param("s3:DeleteObject", RAW, {"Compactor"}, id="hide raw"),
        pytest.param("s3:DeleteObjectVersion", RAW, set(), id="delete raw for good"),
        pytest.param("s3:GetObject", QUARANTINE, set(), id="read quarantine"),
        pytest.param("s3:DeleteObject", QUARANTINE, set(), id="delete quarantine"),
        pytest.param("s3:DeleteBucket", LAKE, set(), id="delete the lake"),
        pytest.param("s3:PutBucketPolicy", LAKE, set(), id="open the lake"),
        pytest.param("dynamodb:DeleteTable", CONTROL, set(), id="delete the registry"),
        pytest.param("sqs:PurgeQueue", queue("ingest"), set(), id="empty the queue"),
        pytest.param("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/x", set(), id="hand on a role"),
        pytest.param("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x", set(), id="take another role"),
    ],
)
def test_of_all_roles_only_these_may(action: str, resource: str, who: set[str], access: StageAccess) -> None:
    """A user of the map has a role as everything else: one that may read raw would be found here."""
    may = {
        name.partition("/")[2]
        for name, role in access.roles().items()
        if access.decide(role, Request(action, resource)).is_allowed
    }
    assert {known for known in who for name in may if name.startswith(known)} == who
    assert len(may) == len(who), may


def device(access: StageAccess) -> str:
    ((_, template, logical_id),) = access.resources("AWS::IoT::RoleAlias")
    return str(access.plain(template, logical_id, "RoleArn"))


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("s3:GetObject", f"{ARTIFACTS}/{scenes_prefix('edge-a')}1.yaml", ALLOWED, id="its scene"),
        pytest.param(
            "s3:GetObject", f"{ARTIFACTS}/{scenes_prefix('edge-b')}1.yaml", NOT_ALLOWED, id="another's scene"
        ),
        pytest.param(
            "s3:GetObject",
            f"{ARTIFACTS}/{scenes_prefix('edge-a2')}1.yaml",
            NOT_ALLOWED,
            id="of a device whose name begins alike",
        ),
        pytest.param(
            "s3:PutObject", f"{ARTIFACTS}/{scenes_prefix('edge-a')}1.yaml", NOT_ALLOWED, id="write its scene"
        ),
        pytest.param(
            "s3:PutObject", f"{ARTIFACTS}/{scenes_prefix('edge-b')}1.yaml", NOT_ALLOWED, id="write another's"
        ),
        pytest.param("s3:ListBucket", ARTIFACTS, NOT_ALLOWED, id="list who there is"),
        pytest.param("s3:GetObject", f"{ARTIFACTS}/components/a.zip", ALLOWED, id="fetch a component"),
        pytest.param("s3:PutObject", f"{ARTIFACTS}/components/a.zip", NOT_ALLOWED, id="replace a component"),
        pytest.param("s3:PutObject", RAW, NOT_ALLOWED, id="write the lake"),
        pytest.param("s3:GetObject", RAW, NOT_ALLOWED, id="read the lake"),
        pytest.param("sqs:SendMessage", queue("ingest"), ALLOWED, id="send"),
        pytest.param("sqs:ReceiveMessage", queue("ingest"), NOT_ALLOWED, id="read what others sent"),
        pytest.param("sqs:SendMessage", queue("load"), NOT_ALLOWED, id="send past the lake"),
        pytest.param("dynamodb:GetItem", CONTROL, NOT_ALLOWED, id="read the registry"),
        pytest.param("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x", NOT_ALLOWED, id="take a role"),
    ],
)
def test_a_device_reaches_what_is_its_own(
    action: str, resource: str, expected: Decision, access: StageAccess
) -> None:
    context: dict[str, str | list[str]] = {"credentials-iot:ThingName": "edge-a"}
    assert access.decide(device(access), Request(action, resource, context=context)) is expected


def test_a_device_without_a_name_reaches_no_scene(access: StageAccess) -> None:
    asked = Request("s3:GetObject", f"{ARTIFACTS}/{scenes_prefix('edge-a')}1.yaml")
    assert access.decide(device(access), asked) is NOT_ALLOWED


def iot(resource: str) -> str:
    return f"arn:aws:iot:{HERE}:{resource}"


ALERT_OF_A = iot(f"topic/{alert_topic('seoul-1', 'edge-a', 'plaza-1')}")
ALERT_OF_B = iot(f"topic/{alert_topic('seoul-1', 'edge-b', 'plaza-1')}")
ALERT_ELSEWHERE = iot(f"topic/{alert_topic('busan-1', 'edge-a', 'plaza-1')}")
SHADOW = f"shadow/name/{camera_shadow_name('plaza-1')}"


@pytest.mark.parametrize(
    ("certificate", "action", "resource", "expected"),
    [
        pytest.param("device", "iot:Connect", iot("client/edge-a"), ALLOWED, id="connects as itself"),
        pytest.param("device", "iot:Connect", iot("client/edge-b"), NOT_ALLOWED, id="connects as another"),
        pytest.param("device", "iot:Publish", ALERT_OF_A, ALLOWED, id="its alert"),
        pytest.param("device", "iot:Publish", ALERT_OF_B, NOT_ALLOWED, id="an alert of another"),
        pytest.param("device", "iot:Publish", ALERT_ELSEWHERE, NOT_ALLOWED, id="an alert of another site"),
        pytest.param(
            "device", "iot:Publish", iot(f"topic/$aws/things/edge-a/{SHADOW}/get"), ALLOWED, id="its shadow"
        ),
        pytest.param(
            "device",
            "iot:Publish",
            iot(f"topic/$aws/things/edge-b/{SHADOW}/update"),
            NOT_ALLOWED,
            id="another's shadow",
        ),
        pytest.param("device", "iot:Subscribe", iot("topicfilter/#"), NOT_ALLOWED, id="listens to all"),
        pytest.param("claim", "iot:Connect", iot("client/edge-a"), NOT_ALLOWED, id="claim as a device"),
        pytest.param("claim", "iot:Connect", iot(f"client/{STAGE}-claim-1"), ALLOWED, id="claim as a claim"),
        pytest.param("claim", "iot:Publish", ALERT_OF_A, NOT_ALLOWED, id="claim sends an alert"),
        pytest.param(
            "claim",
            "iot:AssumeRoleWithCertificate",
            iot(f"rolealias/{STAGE}-device"),
            NOT_ALLOWED,
            id="claim takes the role",
        ),
        pytest.param(
            "device",
            "iot:AssumeRoleWithCertificate",
            iot(f"rolealias/{STAGE}-device"),
            ALLOWED,
            id="device takes the role",
        ),
    ],
)
def test_a_certificate_speaks_for_its_own_device(
    certificate: str, action: str, resource: str, expected: Decision, access: StageAccess
) -> None:
    statements = [
        statement
        for _, template, logical_id in access.resources("AWS::IoT::Policy")
        if access.plain(template, logical_id, "PolicyName").startswith(f"{STAGE}-{certificate}")
        for statement in read_statements(access.plain(template, logical_id, "PolicyDocument"))
    ]
    own: dict[str, str | list[str]] = {
        "iot:Connection.Thing.ThingName": "edge-a",
        "iot:Connection.Thing.IsAttached": "true",
        "iot:Connection.Thing.Attributes[site]": "seoul-1",
    }
    asked = Request(action, resource, context=own if certificate == "device" else {})
    assert decide(statements, asked) is expected


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("s3:GetObject", RAW, ALLOWED, id="reads what is not folded yet"),
        pytest.param("s3:GetObject", COMPACTED, ALLOWED, id="reads what is folded"),
        pytest.param("s3:PutObject", RESULT, ALLOWED, id="writes its answer"),
        pytest.param("s3:PutObject", RAW, NOT_ALLOWED, id="writes the lake"),
        pytest.param("s3:DeleteObject", COMPACTED, NOT_ALLOWED, id="deletes the lake"),
        pytest.param("s3:GetObject", QUARANTINE, NOT_ALLOWED, id="reads quarantine"),
        pytest.param(
            "athena:StartQueryExecution", f"arn:aws:athena:{HERE}:workgroup/{STAGE}", ALLOWED, id="asks"
        ),
        pytest.param(
            "athena:StartQueryExecution",
            f"arn:aws:athena:{HERE}:workgroup/primary",
            NOT_ALLOWED,
            id="asks without a limit",
        ),
        pytest.param(
            "glue:GetTable", f"arn:aws:glue:{HERE}:table/crowdlens_prod/tracks", ALLOWED, id="reads columns"
        ),
        pytest.param(
            "glue:GetTable", f"arn:aws:glue:{HERE}:table/payroll/salaries", NOT_ALLOWED, id="another database"
        ),
        pytest.param(
            "glue:DeleteTable", f"arn:aws:glue:{HERE}:table/crowdlens_prod/tracks", NOT_ALLOWED, id="drops"
        ),
    ],
)
def test_quicksight_reads_what_athena_reads(
    action: str, resource: str, expected: Decision, access: StageAccess
) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{STAGE}-quicksight-{REGION}"
    assert access.decide(role, Request(action, resource)) is expected


def test_nobody_reaches_the_lake_without_tls(access: StageAccess) -> None:
    plain = Request("s3:GetObject", RAW, context={"aws:SecureTransport": "false"})
    assert access.decide(access.role_of_function(f"{STAGE}-compactor"), plain) is DENIED


def test_nobody_sends_without_tls(access: StageAccess) -> None:
    plain = Request("sqs:SendMessage", queue("ingest"), context={"aws:SecureTransport": "false"})
    assert access.decide(device(access), plain) is DENIED


@pytest.mark.parametrize(
    ("bucket", "account", "expected"),
    [
        pytest.param(LAKE, ACCOUNT, ALLOWED, id="the lake"),
        pytest.param("arn:aws:s3:::somebody-elses", ACCOUNT, NOT_ALLOWED, id="another bucket"),
        pytest.param(LAKE, "999988887777", NOT_ALLOWED, id="another account's bucket of that name"),
    ],
)
def test_only_the_lake_announces_objects(
    bucket: str, account: str, expected: Decision, access: StageAccess
) -> None:
    told = Request(
        "sqs:SendMessage",
        queue("load"),
        "s3.amazonaws.com",
        {"aws:SourceArn": bucket, "aws:SourceAccount": account},
    )
    assert decide(access.statements_on(told.resource), told) is expected


@pytest.mark.parametrize("name", ["rds-loader", "migrations"])
def test_lambda_places_a_function_in_the_vpc_but_its_code_may_not(name: str, access: StageAccess) -> None:
    role = access.role_of_function(f"{STAGE}-{name}")
    interface = f"arn:aws:ec2:{HERE}:network-interface/eni-1"
    code: dict[str, str | list[str]] = {"lambda:SourceFunctionArn": function(name)}
    assert access.decide(role, Request("ec2:CreateNetworkInterface", interface)) is ALLOWED
    assert access.decide(role, Request("ec2:CreateNetworkInterface", interface, context=code)) is DENIED


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("device#edge-a", ALLOWED, id="a device"),
        pytest.param("serial#1234", ALLOWED, id="an expected serial number"),
        pytest.param("lease#compactor", NOT_ALLOWED, id="a lease"),
        pytest.param("reconcile#edge-a", NOT_ALLOWED, id="an account"),
    ],
)
def test_the_provisioning_hook_sees_the_registry_only(
    key: str, expected: Decision, access: StageAccess
) -> None:
    asked = Request("dynamodb:GetItem", CONTROL, context={"dynamodb:LeadingKeys": [key]})
    assert access.decide(access.role_of_function(f"{STAGE}-provisioning"), asked) is expected


REASONS_FOR_EVERYTHING = {
    (
        "database",
        "ec2:CreateNetworkInterface",
    ): "Lambda makes it before anyone knows its name; code is denied it",
    ("database", "ec2:DescribeNetworkInterfaces"): "describing takes no resource; code is denied it",
    ("database", "ec2:DescribeSubnets"): "describing takes no resource; code is denied it",
    ("database", "ec2:DeleteNetworkInterface"): "Lambda's, whose name nobody knows; code is denied it",
    ("database", "ec2:AssignPrivateIpAddresses"): "Lambda's, whose name nobody knows; code is denied it",
    ("database", "ec2:UnassignPrivateIpAddresses"): "Lambda's, whose name nobody knows; code is denied it",
    ("map", "ec2:CreateNetworkInterface"): "a subnet's future interface has no name; code is denied it",
    ("map", "ec2:DescribeNetworkInterfaces"): "describing takes no resource; code is denied it",
    ("map", "ec2:DescribeSubnets"): "describing takes no resource; code is denied it",
    ("map", "ec2:DeleteNetworkInterface"): "Lambda's, whose name nobody knows; code is denied it",
    ("map", "ec2:AssignPrivateIpAddresses"): "Lambda's, whose name nobody knows; code is denied it",
    ("map", "ec2:UnassignPrivateIpAddresses"): "Lambda's, whose name nobody knows; code is denied it",
    (
        "fleet",
        "iot:AttachThingPrincipal",
    ): "AWS IoT knows no resource for it; the role is IoT's, at provisioning",
    (
        "fleet",
        "iot:ListPrincipalThings",
    ): "AWS IoT knows no resource for it; the role is IoT's, at provisioning",
    (
        "fleet",
        "iot:ListPrincipalPolicies",
    ): "AWS IoT knows no resource for it; the role is IoT's, at provisioning",
    ("fleet", "greengrass:GetComponentVersionArtifact"): "answers for the device of the certificate",
    ("fleet", "greengrass:ResolveComponentCandidates"): "answers for the device of the certificate",
    ("fleet", "greengrass:GetDeploymentConfiguration"): "answers for the device of the certificate",
    ("fleet", "greengrass:ListThingGroupsForCoreDevice"): "answers for the device of the certificate",
}
"""Why an action is allowed on every resource, by stack and action."""


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nothing_is_allowed_on_everything_without_a_written_reason(
    stage: str, synthesise: Callable[[str], dict[str, dict[str, Any]]]
) -> None:
    found = {
        (one.stack.rpartition("-")[2], action)
        for one in StageAccess(synthesise(stage)).everything()
        if one.statement.effect == "Allow" and _is_everything(one.statement.resources)
        for action in one.statement.actions
    }
    assert found == set(REASONS_FOR_EVERYTHING)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_no_action_is_a_pattern(stage: str, synthesise: Callable[[str], dict[str, dict[str, Any]]]) -> None:
    for one in StageAccess(synthesise(stage)).everything():
        assert not [action for action in one.statement.actions if "*" in action]
        assert not one.statement.is_all_but_actions
        assert not one.statement.is_all_but_resources


def _is_everything(resources: tuple[str, ...]) -> bool:
    """Return whether a resource is any, or any of a service's: ``arn:aws:s3:::*``."""
    return any(set(resource.split(":", 5)[-1]) <= {"*", "/"} for resource in resources)
