"""What is taken out of a template that MiniStack would refuse as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.cdk.templates import TemplateError, drop_unknown

STACK = "crowdlens-dev-analytics"
QUERY = {"Type": "AWS::Athena::NamedQuery", "Properties": {"Name": "counts"}}
QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {}}


def write(folder: Path, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> Path:
    path = folder / f"{STACK}.template.json"
    path.write_text(json.dumps({"Resources": resources, "Outputs": outputs or {}}), encoding="utf-8")
    return path


def test_a_type_that_ministack_has_not_goes_and_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, {"Counts": QUERY, "Queue": QUEUE})
    assert [str(one) for one in drop_unknown(tmp_path, [STACK])] == [
        "crowdlens-dev-analytics: Counts (AWS::Athena::NamedQuery): "
        "MiniStack's CloudFormation has no named queries"
    ]
    assert json.loads(path.read_text(encoding="utf-8"))["Resources"] == {"Queue": QUEUE}


def test_a_template_that_can_be_made_stays_byte_for_byte(tmp_path: Path) -> None:
    path = write(tmp_path, {"Queue": QUEUE}, {"Url": {"Value": {"Ref": "Queue"}}})
    before = path.read_bytes()
    assert drop_unknown(tmp_path, [STACK]) == []
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("waits", "left"),
    [
        pytest.param("Counts", {}, id="for it alone"),
        pytest.param(["Counts", "Other"], {"DependsOn": ["Other"]}, id="for it and another"),
        pytest.param(["Other"], {"DependsOn": ["Other"]}, id="for another"),
    ],
)
def test_nothing_waits_for_what_is_gone(tmp_path: Path, waits: Any, left: dict[str, Any]) -> None:
    path = write(tmp_path, {"Counts": QUERY, "Queue": {**QUEUE, "DependsOn": waits}, "Other": QUEUE})
    drop_unknown(tmp_path, [STACK])
    found = json.loads(path.read_text(encoding="utf-8"))["Resources"]
    assert found == {"Queue": {**QUEUE, **left}, "Other": QUEUE}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"Ref": "Counts"}, id="Ref"),
        pytest.param({"Fn::GetAtt": ["Counts", "Id"]}, id="GetAtt of a list"),
        pytest.param({"Fn::GetAtt": "Counts.Id"}, id="GetAtt of a text"),
        pytest.param({"Fn::Sub": "x-${Counts}"}, id="Sub"),
        pytest.param({"Fn::Sub": ["x-${A}", {"A": {"Ref": "Counts"}}]}, id="Sub with variables"),
        pytest.param({"Fn::Join": ["", ["a", {"Ref": "Counts"}]]}, id="inside a Join"),
    ],
)
def test_outputs_of_it_go_and_resources_that_need_it_are_refused(tmp_path: Path, value: Any) -> None:
    path = write(tmp_path, {"Counts": QUERY}, {"Id": {"Value": value}, "Fixed": {"Value": "x"}})
    drop_unknown(tmp_path, [STACK])
    assert json.loads(path.read_text(encoding="utf-8"))["Outputs"] == {"Fixed": {"Value": "x"}}
    write(
        tmp_path, {"Counts": QUERY, "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": value}}}
    )
    with pytest.raises(TemplateError, match="crowdlens-dev-analytics: Queue needs Counts, which MiniStack"):
        drop_unknown(tmp_path, [STACK])


def test_a_stack_that_is_not_deployed_stays_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, {"Counts": QUERY})
    before = path.read_bytes()
    assert drop_unknown(tmp_path, []) == []
    assert path.read_bytes() == before
