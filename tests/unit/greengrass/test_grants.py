"""A component may do on topics what its recipe grants, and nothing else."""

from __future__ import annotations

import pytest

from contract.topics import alert_topic, camera_shadow_name
from infra.fleet.components import load_components
from infra.local.greengrass.grants import denial

RECIPES = {one.name.rpartition(".")[2]: one.recipe for one in load_components()}
SHADOW = f"$aws/things/jetson-7/shadow/name/{camera_shadow_name('plaza-1')}"
OTHERS_SHADOW = f"$aws/things/jetson-8/shadow/name/{camera_shadow_name('plaza-1')}"
CASES = [
    ("vision", "PublishToIoTCore", alert_topic("seoul-1", "jetson-7", "plaza-1"), True, "its alert"),
    ("vision", "PublishToIoTCore", alert_topic("seoul-1", "jetson-8", "plaza-1"), False, "another's alert"),
    ("vision", "PublishToIoTCore", f"{SHADOW}/get", True, "asking for its scene"),
    ("vision", "PublishToIoTCore", f"{SHADOW}/update", True, "reporting its scene"),
    ("vision", "PublishToIoTCore", f"{SHADOW}/delete", False, "deleting its shadow"),
    ("vision", "SubscribeToIoTCore", f"{SHADOW}/get/accepted", True, "its scene"),
    ("vision", "SubscribeToIoTCore", f"{SHADOW}/update/delta", True, "another scene for it"),
    ("vision", "SubscribeToIoTCore", f"{OTHERS_SHADOW}/update/delta", False, "another's scene"),
    ("vision", "SubscribeToIoTCore", "#", False, "everything"),
    ("vision", "PublishToTopic", "anything", False, "what stays on the device"),
    (
        "publisher",
        "PublishToIoTCore",
        alert_topic("seoul-1", "jetson-7", "plaza-1"),
        False,
        "no topic at all",
    ),
]


@pytest.mark.parametrize(
    ("component", "operation", "topic", "granted"),
    [pytest.param(*case[:4], id=f"{case[0]}: {case[4]}") for case in CASES],
)
def test_a_recipe_grants_its_own(component: str, operation: str, topic: str, granted: bool) -> None:
    configuration = RECIPES[component].get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
    said = denial(configuration, "jetson-7", operation, {"topicName": topic, "topic": topic})
    assert (said is None) is granted
    if not granted:
        assert said == f"no grant of aws.greengrass#{operation} on {topic}"


def test_what_names_no_topic_needs_no_grant() -> None:
    assert denial({}, "jetson-7", "GetConfiguration", {}) is None
