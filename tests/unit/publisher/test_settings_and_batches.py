from __future__ import annotations

from pathlib import Path

import pytest

from contract.envelope import PackedMessage
from contract.errors import CrowdLensError
from edge_components.publisher.back_off import BackOff
from edge_components.publisher.sender import batches, region_of
from edge_components.publisher.settings import PublisherSettings

QUEUE_URL = "https://sqs.ap-northeast-2.amazonaws.com/123456789012/crowdlens-ingest"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"site": "seoul 1"}, "site is 'seoul 1'", id="site"),
        pytest.param({"device": ""}, "device is ''", id="device"),
        pytest.param({"queue_url": "crowdlens-ingest"}, "queue_url is 'crowdlens-ingest'", id="queue name"),
        pytest.param({"queue_url": "https://host"}, "expected a URL like", id="no queue in the URL"),
        pytest.param({"queue_url": "http://[::1/0/queue"}, "expected a URL like", id="broken IPv6 host"),
        pytest.param({"queue_url": "http://host:sqs/0/queue"}, "expected a URL like", id="port in letters"),
        pytest.param({"queue_url": "http://host:99999/0/queue"}, "expected a URL like", id="port too high"),
        pytest.param({"maximum_messages_per_second": 0.0}, "above 0", id="rate of nothing"),
    ],
)
def test_bad_settings_are_one_clear_sentence(changes, sentence):
    good = {"spool": Path("spool"), "site": "seoul-1", "device": "jetson-7", "queue_url": QUEUE_URL}
    PublisherSettings(**good)
    with pytest.raises(CrowdLensError, match=sentence):
        PublisherSettings(**{**good, **changes})


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([10] * 10, [10], id="ten entries fit"),
        pytest.param([10] * 21, [10, 10, 1], id="eleven do not"),
        pytest.param([60, 40, 1], [2, 1], id="bytes to the last one"),
        pytest.param([100, 100], [1, 1], id="each as large as a batch"),
        pytest.param([101, 1], [1, 1], id="too large alone is sent alone"),
    ],
)
def test_batches_hold_both_limits(sizes, expected):
    messages = [PackedMessage("x" * size, []) for size in sizes]
    found = list(batches(messages, maximum_bytes=100))
    assert [len(batch) for batch in found] == expected
    assert [message for batch in found for message in batch] == messages


def test_bytes_are_counted_not_characters():
    assert [len(batch) for batch in batches([PackedMessage("한" * 20, [])] * 3, maximum_bytes=119)] == [
        1,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("url", "region"),
    [
        pytest.param(QUEUE_URL, "ap-northeast-2", id="AWS"),
        pytest.param("http://127.0.0.1:4566/000000000000/queue", None, id="local"),
    ],
)
def test_region_of(url, region):
    assert region_of(url) == region


def test_back_off_grows_to_its_maximum_with_full_jitter():
    ceilings: list[float] = []

    def highest(low: float, high: float) -> float:
        assert low == 0.0
        ceilings.append(high)
        return high

    back_off = BackOff(base_seconds=0.5, maximum_seconds=5.0, uniform=highest)
    assert [back_off.fail() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert back_off.failures == 6
    back_off.succeed()
    assert back_off.fail() == 0.5


def test_back_off_survives_a_week_of_failures():
    back_off = BackOff(base_seconds=0.5, maximum_seconds=60.0)
    assert all(0 <= back_off.fail() <= 60.0 for _ in range(5000))
