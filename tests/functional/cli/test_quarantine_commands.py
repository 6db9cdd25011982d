"""`crowdlens devices`, `quarantine` and `redrive` against moto: what is sent, what stays, what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.main import main
from cli.quarantine.places import BucketQuarantine, Kept
from cli.quarantine.sending import MAXIMUM_BATCH_BYTES, QueueDirectory, SendBack
from contract.envelope import encode_message
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.quarantine import Quarantined, QuarantineKind, about
from lambdas.shared.registry import DeviceRegistry

BUCKET, TABLE = "crowdlens-lake", "crowdlens-control"
MINE, FOREIGN = "a" * 64, "b" * 64
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
Keep = Callable[..., Kept]


class Cloud:
    """A bucket, the control table and a queue."""

    def __init__(self, dynamodb: Any) -> None:
        self.s3: Any = boto3.client("s3")
        self.sqs: Any = boto3.client("sqs")
        self.dynamodb = dynamodb
        self.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
        )
        self.url = self.sqs.create_queue(QueueName="ingest")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = arn["Attributes"]["QueueArn"]

    def keep(self, body: str, kind: QuarantineKind = QuarantineKind.DEAD_LETTER, **changes: Any) -> Kept:
        device, tables = about(body)
        message = replace(
            Quarantined(
                kind, "dead_letters", "GivenUp", "it was given up", NOON, f"m-{len(self.keys())}",
                f"AROA:{MINE}", body, self.arn, device, tables,
            ),
            **changes,
        )  # fmt: skip
        self.s3.put_object(Bucket=BUCKET, Key=message.key, Body=message.to_bytes())
        return Kept(message.key, message)

    def keys(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="quarantine/")
        return [item["Key"] for item in listed.get("Contents", [])]

    def received(self, url: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while some := self.sqs.receive_message(
            QueueUrl=url or self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += some
        return found

    def bodies(self) -> list[str]:
        return sorted(message["Body"] for message in self.received())


@pytest.fixture
def cloud(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setenv("LAKE_BUCKET", BUCKET)
    monkeypatch.delenv("CONTROL_TABLE", raising=False)
    return Cloud(dynamodb)


def message_of(make_records: Any, device: str = "jetson-7", table: str = "zone_counts") -> str:
    return encode_message("seoul-1", device, make_records(table))


def test_dead_letters_go_back_to_their_queue_and_leave_quarantine(cloud: Cloud, make_records: Any) -> None:
    kept = [cloud.keep(message_of(make_records, f"jetson-{number}")) for number in range(23)]
    assert main(["redrive"]) == 0
    assert cloud.bodies() == sorted(letter.message.body for letter in kept)
    assert cloud.keys() == []


def test_done_again_it_sends_nothing(
    cloud: Cloud, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.keep(message_of(make_records))
    main(["redrive"])
    cloud.received()
    capsys.readouterr()
    assert main(["redrive"]) == 0
    assert cloud.received() == []
    assert "nothing to send back" in capsys.readouterr().err


def test_a_dry_run_says_what_would_go_and_touches_nothing(
    cloud: Cloud, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.keep(message_of(make_records))
    cloud.keep(message_of(make_records, "jetson-8"))
    before = cloud.keys()
    assert main(["redrive", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "2026-11-21  dead_letter  GivenUp  jetson-8  1" in said.out
    assert "2 would be sent back" in said.err
    assert main(["redrive", "--dry-run", "--json"]) == 0
    assert [one["key"] for one in json.loads(capsys.readouterr().out)] == before
    assert (cloud.keys(), cloud.received()) == (before, [])


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        pytest.param([], ["late", "one", "tracks"], id="all dead letters"),
        pytest.param(["--day", "2026-11-22"], ["late"], id="of a day"),
        pytest.param(["--device", "one"], ["one"], id="of a device"),
        pytest.param(["--table", "tracks"], ["tracks"], id="of a table"),
        pytest.param(["--kind", "refused"], ["refused"], id="of a kind"),
        pytest.param(["--kind", "all"], ["identity", "late", "one", "refused", "tracks"], id="of any kind"),
        pytest.param(["--device", "one", "--table", "tracks"], [], id="of nothing"),
        pytest.param(["--device", "one", "--limit", "1"], ["one"], id="at most one"),
    ],
)
def test_only_what_is_selected_is_sent(
    options: list[str], sent: list[str], cloud: Cloud, make_records: Any
) -> None:
    cloud.keep(message_of(make_records, "one"))
    cloud.keep(message_of(make_records, "tracks", "tracks"))
    cloud.keep(message_of(make_records, "late"), sent_at=NOON + timedelta(days=1))
    cloud.keep(message_of(make_records, "refused"), QuarantineKind.REFUSED)
    cloud.keep(message_of(make_records, "identity"), QuarantineKind.IDENTITY)
    assert main(["redrive", *options]) == 0
    assert sorted(json.loads(body)["device"] for body in cloud.bodies()) == sent
    assert len(cloud.keys()) == 5 - len(sent)


def test_who_sent_it_first_is_noted_before_it_is_sent(cloud: Cloud, make_records: Any) -> None:
    letter = cloud.keep(message_of(make_records))
    cloud.keep(json.dumps({"Records": []}), message_id="a notification has no sender to judge")
    main(["redrive"])
    digest = letter.message.body_sha256
    assert OriginalSenders(TABLE, cloud.dynamodb).look_up([digest]) == {digest: {f"AROA:{MINE}"}}
    assert len(cloud.dynamodb.scan(TableName=TABLE)["Items"]) == 1
    assert all("crowdlens_sent_back" in message["MessageAttributes"] for message in cloud.received())


def test_each_message_goes_to_the_queue_it_came_from(cloud: Cloud) -> None:
    load = cloud.sqs.create_queue(QueueName="load")["QueueUrl"]
    cloud.keep("for ingest")
    cloud.keep("for load", queue_arn=cloud.arn.replace("ingest", "load"))
    assert main(["redrive"]) == 0
    assert cloud.bodies() == ["for ingest"]
    assert [message["Body"] for message in cloud.received(load)] == ["for load"]


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        pytest.param(None, "does not say which queue it came from", id="an old document"),
        pytest.param(
            "arn:aws:sqs:ap-northeast-2:123456789012:gone", "does not exist", id="a queue that is gone"
        ),
    ],
)
def test_a_queue_that_cannot_be_known_is_asked_for(
    arn: str | None, says: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.keep("x", queue_arn=arn)
    assert main(["redrive"]) == 2
    assert says in capsys.readouterr().err
    assert len(cloud.keys()) == 1
    assert main(["redrive", "--queue", "ingest"]) == 0
    assert (cloud.bodies(), cloud.keys()) == (["x"], [])


def test_what_sqs_does_not_accept_stays(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    class Refusing:
        """An SQS that accepts every second message of a batch."""

        def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
            failed = [{"Id": entry["Id"], "Code": "InternalError"} for entry in Entries[1::2]]
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries[::2]], "Failed": failed}

    letters = [cloud.keep(f"body {number}") for number in range(5)]
    place = BucketQuarantine(cloud.s3, BUCKET)
    queues = QueueDirectory(lambda region: Refusing(), "http://queue/ingest")  # type: ignore[arg-type,return-value]
    result = SendBack(place, queues, OriginalSenders(TABLE, cloud.dynamodb)).send(letters)
    assert sorted(result.failed) == cloud.keys() == sorted([letters[1].key, letters[3].key])
    assert result.sent == {"ingest": 3}


def test_a_batch_stays_within_both_limits_of_sqs(cloud: Cloud) -> None:
    batches: list[list[int]] = []

    class Counting:
        def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
            batches.append([len(entry["MessageBody"]) for entry in Entries])
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    sizes = [300_000, 300_000, 300_000, 300_000, *[10] * 25]
    letters = [cloud.keep("x" * size) for size in sizes]
    queues = QueueDirectory(lambda region: Counting(), "http://queue/ingest")  # type: ignore[arg-type,return-value]
    SendBack(BucketQuarantine(cloud.s3, BUCKET), queues, OriginalSenders(TABLE, cloud.dynamodb)).send(letters)
    assert sorted(size for batch in batches for size in batch) == sorted(sizes)
    assert all(len(batch) <= 10 and sum(batch) < MAXIMUM_BATCH_BYTES for batch in batches)
    assert len(batches) == 4


def test_only_what_is_lawful_now_is_released(
    cloud: Cloud, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lawful = cloud.keep(message_of(make_records, "jetson-7"), QuarantineKind.IDENTITY, error="UnknownDevice")
    cloud.keep(message_of(make_records, "jetson-8"), QuarantineKind.IDENTITY, error="UnknownDevice")
    cloud.keep(
        message_of(make_records, "jetson-7", "tracks"), QuarantineKind.IDENTITY, sender_id=f"AROA:{FOREIGN}"
    )
    cloud.keep(message_of(make_records, "jetson-7", "events"), QuarantineKind.DEAD_LETTER)
    assert main(["quarantine", "release", "--dry-run"]) == 0
    assert "0 would be sent back" in capsys.readouterr().err
    assert main(["devices", "enrol", "jetson-7", "--site", "seoul-1", "--certificate", MINE]) == 0
    assert main(["quarantine", "release", "--dry-run"]) == 0
    assert "1 would be sent back" in capsys.readouterr().err
    assert cloud.received() == []
    assert main(["quarantine", "release"]) == 0
    said = capsys.readouterr().err
    assert "1 stay in quarantine: Impostor" in said
    assert "1 stay in quarantine: UnknownDevice" in said
    assert cloud.bodies() == [lawful.message.body]
    assert len(cloud.keys()) == 3
    assert main(["quarantine", "release"]) == 0
    assert cloud.received() == []


def test_what_was_refused_when_it_was_sent_back_is_released_by_who_sent_it_first(
    cloud: Cloud, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seeds 152 and 168 of the simulation: a dead letter is sent back before its device is enrolled."""
    refused = {"error": "UnknownDevice", "sender_id": "AROA:operator"}
    sent_back = {**refused, "message_attributes": {"crowdlens_sent_back": "dead_letter"}}
    letters = {
        name: cloud.keep(message_of(make_records, "jetson-7", table), QuarantineKind.IDENTITY, **how)
        for name, table, how in (
            ("mine", "zone_counts", sent_back),
            ("an impostor's", "tracks", sent_back),
            ("nobody knows whose", "events", sent_back),
            ("mine, but never sent back", "line_crossings", refused),
        )
    }
    senders = OriginalSenders(TABLE, cloud.dynamodb)
    senders.remember(letters["mine"].message.body_sha256, f"AROA:{MINE}")
    senders.remember(letters["an impostor's"].message.body_sha256, f"AROA:{FOREIGN}")
    senders.remember(letters["mine, but never sent back"].message.body_sha256, f"AROA:{MINE}")
    main(["devices", "enrol", "jetson-7", "--site", "seoul-1", "--certificate", MINE])
    assert main(["quarantine", "release"]) == 0
    assert "3 stay in quarantine: Impostor" in capsys.readouterr().err
    assert cloud.bodies() == [letters["mine"].message.body]


def test_quarantine_is_listed_and_shown(
    cloud: Cloud, make_records: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    body = message_of(make_records)
    letter = cloud.keep(body)
    cloud.keep("no message", QuarantineKind.REFUSED, error="MessageError", reason="the body is no JSON")
    cloud.s3.put_object(Bucket=BUCKET, Key="quarantine/day=2026-11-21/other.json", Body=b"{}")
    assert main(["quarantine", "list"]) == 0
    said = capsys.readouterr()
    assert "2026-11-21  refused      MessageError  -         1" in said.out
    assert "2 messages in quarantine" in said.err
    assert "other.json is no quarantine document" in said.err
    assert main(["quarantine", "list", "--kind", "refused", "--by-message"]) == 0
    assert "MessageError: the body is no JSON" in capsys.readouterr().out
    assert main(["quarantine", "list", "--json", "--device", "jetson-7"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["key"], listed["tables"]) == (letter.key, ["zone_counts"])
    assert main(["quarantine", "show", letter.key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["body"] == body
    assert main(["quarantine", "show", letter.key]) == 0
    assert "GivenUp" in capsys.readouterr().out
    assert main(["quarantine", "show", "quarantine/day=2026-11-21/gone.json"]) == 2
    assert "not, or no longer, in quarantine" in capsys.readouterr().err


def test_what_a_stranger_wrote_controls_no_terminal(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    reason = "tables that are unknown here: \x1b[2Jevil\n\ud800 (1 rows)"
    letter = cloud.keep("x", QuarantineKind.REFUSED, error="UnknownTable", reason=reason)
    assert main(["quarantine", "list", "--by-message"]) == 0
    assert "\ufffd[2Jevil\ufffd\ufffd (1 rows)" in capsys.readouterr().out
    assert main(["quarantine", "show", letter.key]) == 0
    assert "\x1b" not in capsys.readouterr().out
    for words in (["show", letter.key, "--json"], ["list", "--json"]):
        assert main(["quarantine", *words]) == 0
        assert reason.encode("unicode_escape").decode() in repr(json.loads(capsys.readouterr().out))


def test_a_demo_folder_is_listed_too(
    moto_aws: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = Quarantined(QuarantineKind.REFUSED, "lake_writer", "E", "why", NOON, "m", None, "the body")
    (tmp_path / message.key).parent.mkdir(parents=True)
    (tmp_path / message.key).write_bytes(message.to_bytes())
    assert main(["quarantine", "list", "--lake", str(tmp_path)]) == 2
    assert "expected a folder with raw/" in capsys.readouterr().err
    (tmp_path / "raw").mkdir()
    assert main(["quarantine", "list", "--lake", str(tmp_path), "--by-message"]) == 0
    assert message.key in capsys.readouterr().out
    assert main(["quarantine", "show", "--lake", str(tmp_path), message.key]) == 0
    assert main(["quarantine", "show", "--lake", str(tmp_path), "quarantine/../../secret.json"]) == 2


def test_devices_are_enrolled_rotated_blocked_and_listed(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["enrol", "jetson-7", "--site", "seoul-1", "--certificate", MINE],
        ["rotate", "jetson-7", "--add", FOREIGN],
        ["rotate", "jetson-7", "--remove", MINE],
        ["block", "jetson-7"],
        ["enrol", "jetson-8", "--site", "busan-1", "--certificate", MINE],
    ):
        assert main(["devices", *words]) == 0
    capsys.readouterr()
    assert main(["devices", "list", "--json"]) == 0
    listed = {one["device"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["jetson-7"]["certificate_ids"] == [FOREIGN]
    assert (listed["jetson-7"]["state"], listed["jetson-8"]["state"]) == ("blocked", "active")
    assert main(["devices", "list", "--site", "busan-1"]) == 0
    assert "jetson-7" not in capsys.readouterr().out
    assert main(["devices", "unblock", "jetson-7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "active"
    assert main(["devices", "remove", "jetson-7"]) == 0
    assert DeviceRegistry(TABLE, cloud.dynamodb).get("jetson-7") is None


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        pytest.param(["devices", "block", "nobody"], 2, "expected a registered device", id="unknown device"),
        pytest.param(
            ["devices", "list", "--control-table", "gone"], 1, "registry failed", id="no such table"
        ),
        pytest.param(["redrive", "--bucket", "gone"], 2, "NoSuchBucket", id="no such bucket"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], status: int, says: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(
            ["devices", "enrol", "d", "--site", "s", "--certificate", "x"], "64 hexadecimal", id="enrol"
        ),
        pytest.param(["devices", "rotate", "d", "--add", "x"], "64 hexadecimal", id="add"),
        pytest.param(["devices", "rotate", "d", "--remove", "x"], "64 hexadecimal", id="remove"),
        pytest.param(["quarantine", "list", "--table", "nope"], "invalid choice: 'nope'", id="table"),
        pytest.param(["redrive", "--table", "nope"], "invalid choice: 'nope'", id="table to send"),
    ],
)
def test_a_wrong_word_is_told_before_the_cloud_is_asked(
    words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["enrol", "jetson-8", "--site", "seoul-1", "--certificate", MINE], id="enrol"),
        pytest.param(["rotate", "jetson-9", "--add", MINE], id="rotate"),
    ],
)
def test_a_certificate_of_another_device_is_refused(
    words: list[str], cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = DeviceRegistry(TABLE, cloud.dynamodb)
    registry.enrol("jetson-7", "seoul-1", MINE)
    registry.enrol("jetson-9", "seoul-1", FOREIGN)
    assert main(["devices", *words]) == 2
    assert f"certificate {MINE[:12]}… is device jetson-7's already" in capsys.readouterr().err
    assert registry.get("jetson-8") is None
    assert main(["devices", "enrol", "jetson-7", "--site", "seoul-1", "--certificate", MINE]) == 0


def test_no_bucket_and_no_region_are_asked_for(
    moto_aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LAKE_BUCKET", raising=False)
    assert main(["redrive"]) == 2
    assert "expected --bucket or LAKE_BUCKET" in capsys.readouterr().err
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert main(["devices", "list"]) == 2
    assert "expected --region or AWS_REGION" in capsys.readouterr().err
