"""What alarms watch is what functions send, and what the bill reckons with is what devices are set to."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from edge_components.publisher.settings import PROFILES, PublisherSettings
from infra.alarms import alarms_of
from infra.config import StageConfig, read_config
from infra.cost import publisher
from infra.metrics import LIVE_API_FAULTS, OWN_METRICS, SENT_WITHOUT_CAMERAS
from lambdas.compactor import handler as compactor
from lambdas.compactor.report import Report
from lambdas.lake_writer.identity import IdentityCheck
from lambdas.lake_writer.identity_report import identity_counts
from lambdas.notifier import handler as notifier
from lambdas.notifier.lot import Lot
from lambdas.notifier.rule_book import RuleBook
from lambdas.notifier.sender import SendResult
from lambdas.provisioning import handler as provisioning
from lambdas.reconciler import handler as reconciler
from lambdas.reconciler.run import RunReport
from lambdas.shared.observability import make_metrics


def config(**context: object) -> StageConfig:
    return read_config({"stage": "prod", "region": "us-east-1", "account": "111122223333", **context}.get)


def sent(capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
    """Return the metrics of the one line that a function printed."""
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines() if '"_aws"' in text]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


def test_the_reconciler_sends_what_is_watched_and_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    reconciler._told(RunReport(devices_silent=2))
    assert tuple(sent(capsys)) == OWN_METRICS["reconciler"]


def test_a_reconciler_that_did_not_look_for_silence_does_not_say_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reconciler._told(RunReport())
    assert tuple(sent(capsys)) == SENT_WITHOUT_CAMERAS["reconciler"]


def test_the_compactor_sends_the_sum_of_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    compactor._told(Report(covers_broken=2, skipped={"a": "unreadable"}, failed={"b": "no time"}))
    assert sent(capsys) == {"faults": [4.0]}
    assert OWN_METRICS["compactor"] == ("faults",)


def test_provisioning_sends_what_is_watched_and_nothing_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTROL_TABLE", "control")
    monkeypatch.setenv("GROUP_PREFIX", "crowdlens-dev")
    monkeypatch.setattr(provisioning, "stores", lambda: (None, None))
    assert provisioning.handler({}, None) == {"allowProvisioning": False}
    assert tuple(sent(capsys)) == OWN_METRICS["provisioning"]


def test_the_notifier_sends_what_is_watched_and_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    notifier._tell(Lot(told=1), SendResult(sent=1), create_autospec(RuleBook, problems={}, instance=True))
    assert tuple(sent(capsys)) == OWN_METRICS["notifier"]


def test_every_fault_of_a_sender_is_a_metric() -> None:
    assert set(identity_counts(IdentityCheck())) <= set(OWN_METRICS["lake_writer"])


def test_every_own_metric_that_is_watched_is_one_that_its_function_sends() -> None:
    watched = {
        (dict(metric.dimensions)["service"], metric.name)
        for alarm in alarms_of(config())
        for metric in alarm.metrics
        # The API's faults are counted in its access log: tests/infrastructure/test_live_map.py.
        if not metric.namespace.startswith("AWS/") and metric.name != LIVE_API_FAULTS
    }
    assert watched <= {(function, name) for function, names in OWN_METRICS.items() for name in names}
    assert {function for function, _ in watched} == set(OWN_METRICS)


def test_what_is_sent_without_cameras_is_sent() -> None:
    for function, names in SENT_WITHOUT_CAMERAS.items():
        assert set(names) <= set(OWN_METRICS[function])


def test_two_stages_of_an_account_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "crowdlens-prod")
    assert make_metrics("lake_writer").namespace == "crowdlens-prod"


def test_the_bill_reckons_with_what_publishers_are_set_to() -> None:
    for name, profile in PROFILES.items():
        ours = publisher.PROFILES[name]
        assert {field.name: getattr(profile, field.name) for field in fields(profile)} == vars(ours)
    assert set(publisher.PROFILES) == set(PROFILES)
    assert PublisherSettings.maximum_messages_per_second == publisher.MAXIMUM_MESSAGES_A_SECOND


def test_the_runbook_has_every_alarm_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "runbooks" / "alarms.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    described = {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}
    ours = {alarm.name for alarm in alarms_of(config())}
    assert described - {"FUNCTION-errors"} == {name for name in ours if not name.endswith("-errors")}
