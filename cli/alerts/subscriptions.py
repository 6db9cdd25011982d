"""Who is told: SNS subscriptions of the alert topic, each with a filter on site, language and severity."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.errors import CrowdLensError
from lambdas.notifier.rules import SEVERITIES

EMAIL, SMS = "email", "sms"
_EMAIL = re.compile(r"[^@\s\"<>]+@[^@\s\"<>]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
PENDING: Final = "pending"


class SubscriptionError(CrowdLensError):
    """Raised when somebody cannot be subscribed or unsubscribed; the text says what was expected."""


@dataclass(frozen=True)
class Subscriber:
    """Somebody who is told; `sites` and `languages` and `severities` are empty for all of them."""

    protocol: str
    endpoint: str
    arn: str
    sites: tuple[str, ...]
    languages: tuple[str, ...]
    severities: tuple[str, ...]
    confirmed: bool

    def as_dict(self) -> dict[str, Any]:
        """Return it for printing as JSON."""
        return {
            "protocol": self.protocol,
            "endpoint": self.endpoint,
            "sites": list(self.sites),
            "languages": list(self.languages),
            "severities": list(self.severities),
            "state": "confirmed" if self.confirmed else PENDING,
        }


def check_topic(arn: str) -> str:
    """Return `arn` when it is a topic's; raises `SubscriptionError`."""
    if not _TOPIC.fullmatch(arn):
        raise SubscriptionError(
            f"topic is {arn!r}: expected an ARN like arn:aws:sns:ap-northeast-2:123456789012:NAME"
        )
    return arn


def check_endpoint(protocol: str, endpoint: str) -> str:
    """Return an address that SNS may deliver to; raises `SubscriptionError`."""
    if protocol == EMAIL and not _EMAIL.fullmatch(endpoint):
        raise SubscriptionError(f"email is {endpoint!r}: expected an address like me@example.org")
    if protocol == SMS and not _PHONE.fullmatch(endpoint):
        raise SubscriptionError(f"sms is {endpoint!r}: expected a number like +821012345678")
    return endpoint


def severities_from(least: str) -> tuple[str, ...]:
    """Return `least` and every severity above it."""
    return SEVERITIES[SEVERITIES.index(least) :]


class Subscriptions:
    """The subscriptions of the topic `topic_arn`; what SNS raises is botocore's."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = check_topic(topic_arn)

    def subscribers(self) -> Iterator[Subscriber]:
        """Yield everybody who is told by e-mail or SMS."""
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self._topic_arn)
        for page in pages:
            for one in page["Subscriptions"]:
                if one["Protocol"] in (EMAIL, SMS):
                    yield self._subscriber(one["Protocol"], one["Endpoint"], one["SubscriptionArn"])

    def subscribe(
        self, protocol: str, endpoint: str, sites: Sequence[str], language: str, least_severity: str
    ) -> Subscriber:
        """Subscribe an address, or change what it is told; an e-mail address has to confirm once."""
        check_endpoint(protocol, endpoint)
        severities = severities_from(least_severity)
        policy: dict[str, list[str]] = {"language": [language], "severity": list(severities)}
        if sites:
            policy["site"] = list(sites)
        text = json.dumps(policy, separators=(",", ":"))
        known = self._arn_of(protocol, endpoint)
        if known is not None and known.startswith("arn:"):
            self._set_filter(known, text)
            arn = known
        else:
            arn = self._subscribe(protocol, endpoint, text)
        return Subscriber(
            protocol, endpoint, arn, tuple(sites), (language,), severities, self._is_confirmed(arn)
        )

    def unsubscribe(self, protocol: str, endpoint: str) -> None:
        """Tell an address nothing more; raises `SubscriptionError` when it is not told anything."""
        arn = self._arn_of(protocol, check_endpoint(protocol, endpoint))
        if arn is None:
            raise SubscriptionError(
                f"{endpoint} is not subscribed: expected one that `crowdlens alerts subscribers` lists"
            )
        if not arn.startswith("arn:"):
            raise SubscriptionError(
                f"{endpoint} has not confirmed: nothing is sent there, and SNS forgets it within days"
            )
        self._client.unsubscribe(SubscriptionArn=arn)

    def _subscribe(self, protocol: str, endpoint: str, policy: str) -> str:
        try:
            answer = self._client.subscribe(
                TopicArn=self._topic_arn,
                Protocol=protocol,
                Endpoint=endpoint,
                Attributes={"FilterPolicy": policy},
                ReturnSubscriptionArn=True,
            )
        except ClientError as error:
            if "already exists with different attributes" not in str(error):
                raise
            raise SubscriptionError(
                f"{endpoint} has not confirmed its earlier subscription: expected that first"
            ) from error
        return str(answer["SubscriptionArn"])

    def _set_filter(self, arn: str, policy: str) -> None:
        self._client.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=policy
        )

    def _arn_of(self, protocol: str, endpoint: str) -> str | None:
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self._topic_arn)
        for page in pages:
            for one in page["Subscriptions"]:
                if (one["Protocol"], one["Endpoint"]) == (protocol, endpoint):
                    return str(one["SubscriptionArn"])
        return None

    def _subscriber(self, protocol: str, endpoint: str, arn: str) -> Subscriber:
        policy = json.loads(self._attributes(arn).get("FilterPolicy") or "{}")
        sites, languages, severities = (
            tuple(str(one) for one in policy.get(name, ())) for name in ("site", "language", "severity")
        )
        return Subscriber(protocol, endpoint, arn, sites, languages, severities, self._is_confirmed(arn))

    def _is_confirmed(self, arn: str) -> bool:
        return self._attributes(arn).get("PendingConfirmation", "true") == "false"

    def _attributes(self, arn: str) -> dict[str, str]:
        if not arn.startswith("arn:"):
            # SNS writes "PendingConfirmation" in the place of an ARN.
            return {}
        answer = self._client.get_subscription_attributes(SubscriptionArn=arn)
        return dict(answer["Attributes"])
