"""What AWS IoT does with an alert, on this machine: the topic rule's fields put in, and into the queue.

MQTT itself is left out here: the camera's alerts are handed to this in the process that counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class TopicRule:
    """Puts alerts into the queue `queue_url`, as the rule of `infra.stacks.alerts` does."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def publish(self, topic: str, payload: str) -> None:
        """Send an alert that was published on `topic`; raises what boto3 raises."""
        _, site, device, camera, _ = topic.split("/")
        named = {"topic_site": site, "topic_device": device, "topic_camera": camera}
        body = json.dumps(json.loads(payload) | named, ensure_ascii=False)
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
