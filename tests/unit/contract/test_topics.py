"""Topics that devices publish on are those that rules listen to."""

from __future__ import annotations

from contract.topics import ALERT_TOPIC_FILTER, alert_topic, camera_shadow_name, classification_topic


def matches(topic: str, topic_filter: str) -> bool:
    """MQTT's single-level wildcard."""
    levels, wanted = topic.split("/"), topic_filter.split("/")
    return len(levels) == len(wanted) and all(b in ("+", a) for a, b in zip(levels, wanted, strict=True))


def test_the_alert_rule_hears_every_camera_and_nothing_else() -> None:
    assert matches(alert_topic("seoul-1", "jetson-7", "plaza-1"), ALERT_TOPIC_FILTER)
    assert not matches(classification_topic("seoul-1", "jetson-7", "plaza-1"), ALERT_TOPIC_FILTER)


def test_a_shadow_is_named_after_its_camera() -> None:
    # IoT allows these characters and 64 of them in a named shadow.
    name = camera_shadow_name("plaza-1")
    assert name == "camera-plaza-1"
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_:ABCDEFGHIJKLMNOPQRSTUVWXYZ")
