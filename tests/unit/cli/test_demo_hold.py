"""`crowdlens demo --hold` says how to reach the local cloud and waits for Ctrl-C."""

from __future__ import annotations

import threading

from cli.demo.hold import hold
from infra.local.aws_environment import AwsEndpoint


class Cloud:
    """What is needed of a local cloud."""

    bucket = "crowdlens-lake"
    control_table = "crowdlens-control"

    def alert_environment(self) -> dict[str, str]:
        return {"ALERT_QUEUE_URL": "http://127.0.0.1:4566/alerts"}

    def aws_environment(self) -> dict[str, str]:
        return AwsEndpoint("http://127.0.0.1:4566").environment()


def test_it_says_how_the_cloud_is_reached_and_waits() -> None:
    stop, said = threading.Event(), list[str]()
    stop.set()
    holding = threading.Thread(target=hold, args=(Cloud(), stop, said.append), daemon=True)
    holding.start()
    holding.join(0.5)
    assert holding.is_alive()
    stop.set()
    holding.join(60)
    assert not holding.is_alive()
    assert said[-1] == (
        "export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=ap-northeast-2 AWS_ACCESS_KEY_ID=local "
        "AWS_SECRET_ACCESS_KEY=local LAKE_BUCKET=crowdlens-lake CONTROL_TABLE=crowdlens-control "
        "ALERT_QUEUE_URL=http://127.0.0.1:4566/alerts"
    )
