"""`crowdlens alerts`: who is told of what, when and how often."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cli.arguments import identifier
from cli.cloud import add_account_arguments, clear_cloud_errors, control_table_of, dynamodb_client, sqs_client
from cli.output import print_json, printable, say, table
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from cli.alerts.subscriptions import Subscriber, Subscriptions
    from lambdas.notifier.rule_book import RuleBook
    from lambdas.notifier.rules import Place

TOPIC_VARIABLE = "ALERT_TOPIC_ARN"
QUEUE_VARIABLE = "ALERT_QUEUE_URL"
EXAMPLE = """examples:
  crowdlens alerts subscribe --email me@example.org --site seoul-1 --language ko --severity warning
  crowdlens alerts set --site seoul-1 --quiet-hours 22:00-07:00
  crowdlens alerts set --site seoul-1 --zone gate --kind crowding --cooldown-seconds 1800 --place-ko "정문"
  crowdlens alerts rules --site seoul-1
  crowdlens alerts test --site seoul-1
the topic and the queue are outputs of the stack crowdlens-STAGE-alerts; docs/alerts.md"""
_SEVERITIES = ("info", "warning", "critical")


class AlertArgumentError(CrowdLensError):
    """Raised when nothing says which topic or queue to work on."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens alerts`."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="action", required=True)
    rules = actions.add_parser("rules", help="list the rules, and the defaults they are laid over")
    rules.add_argument("--site", type=identifier, help="also those of this site")
    _finish(rules, _rules)
    setting = _ruling(actions, "set", "set options of a rule", _set)
    _add_options(setting)
    _ruling(actions, "remove", "remove a rule", _remove)
    subscribe = _telling(actions, "subscribe", "tell somebody, or change what they are told", _subscribe)
    subscribe.add_argument(
        "--site", type=identifier, action="append", default=[], help="only of this site (repeat for more)"
    )
    subscribe.add_argument("--language", choices=("ko", "en"), default="ko", help="language of the messages")
    subscribe.add_argument("--severity", choices=_SEVERITIES, default="info", help="the least to be told")
    _telling(actions, "unsubscribe", "tell somebody nothing more", _unsubscribe)
    subscribers = actions.add_parser("subscribers", help="list who is told of what")
    _add_topic(subscribers)
    _finish(subscribers, _subscribers)
    testing = actions.add_parser("test", help="send a test alert the way that devices' alerts come")
    testing.add_argument("--site", type=identifier, required=True, help="site it is about")
    testing.add_argument("--camera", type=identifier, help="camera it is about")
    testing.add_argument("--zone", help="zone it is about")
    testing.add_argument("--time-zone", default="Asia/Seoul", help="time zone of the site")
    testing.add_argument(
        "--queue-url", help=f"the alert queue (default: {QUEUE_VARIABLE} of the environment)"
    )
    _finish(testing, _test)


def _ruling(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    execute: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.add_argument("--site", default="*", help="site the rule is about, * for all")
    parser.add_argument("--camera", default="*", help="camera the rule is about, * for all")
    parser.add_argument("--zone", default="*", help="zone or line the rule is about, * for all")
    parser.add_argument("--kind", default="*", help="kind the rule is about (crowding, …), * for all")
    _finish(parser, execute)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    switch = argparse.BooleanOptionalAction
    parser.add_argument("--enabled", action=switch, default=None, help="tell it at all")
    parser.add_argument("--recovery", action=switch, default=None, help="tell the end, too")
    parser.add_argument("--minimum-severity", help="info, warning or critical")
    parser.add_argument("--cooldown-seconds", type=int, help="hold further starts of a place for so long")
    parser.add_argument("--group-seconds", type=int, help="gather what comes meanwhile into one message")
    parser.add_argument("--quiet-hours", help="local times like 22:00-07:00, or none")
    parser.add_argument("--quiet-after", help="summary: one message afterwards; drop: none")
    parser.add_argument("--quiet-except", help="severity from which quiet hours do not hold, or none")
    parser.add_argument("--time-zone", help="time zone of the site, where its cameras do not say it")
    parser.add_argument("--place-ko", help="what the place is called in Korean messages")
    parser.add_argument("--place-en", help="what the place is called in English messages")


_OPTIONS = (
    "enabled", "recovery", "minimum_severity", "cooldown_seconds", "group_seconds", "quiet_hours",
    "quiet_after", "quiet_except", "time_zone", "place_ko", "place_en",
)  # fmt: skip


def _telling(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    execute: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    address = parser.add_mutually_exclusive_group(required=True)
    address.add_argument("--email", help="e-mail address")
    address.add_argument("--sms", help="telephone number like +821012345678")
    _add_topic(parser)
    _finish(parser, execute)
    return parser


def _add_topic(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--topic", help=f"ARN of the alert topic (default: {TOPIC_VARIABLE} of the environment)"
    )


def _finish(parser: argparse.ArgumentParser, execute: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_account_arguments(parser)
    parser.set_defaults(execute=execute)


def _book(arguments: argparse.Namespace) -> RuleBook:
    from lambdas.notifier.rule_book import RuleBook
    from lambdas.notifier.store import DynamoStore

    return RuleBook(DynamoStore(dynamodb_client(arguments.region), control_table_of(arguments)))


def _place(arguments: argparse.Namespace) -> Place:
    from lambdas.notifier.rules import Place

    return Place(arguments.site, arguments.camera, arguments.zone, arguments.kind)


def _rules(arguments: argparse.Namespace) -> int:
    from lambdas.notifier.rules import ANY, DEFAULTS, as_document

    with clear_cloud_errors():
        book = _book(arguments)
        found = [rule for site in dict.fromkeys((ANY, arguments.site or ANY)) for rule in book.rules(site)]
    defaults = {kind: as_document(vars(options)) for kind, options in DEFAULTS.items()}
    if arguments.json:
        rules = [{**vars(place), "options": dict(document)} for place, document in found]
        print_json({"defaults": defaults, "rules": rules, "unreadable": book.problems})
        return 0
    print(table(("default of kind", "options"), [(kind, _options(one)) for kind, one in defaults.items()]))
    print()
    rows = [(*map(printable, vars(place).values()), _options(document)) for place, document in found]
    print(table(("site", "camera", "zone", "kind", "options"), rows))
    for name, reason in book.problems.items():
        say(f"rule {printable(name)} is left out: {reason}")
    say(f"{len(found)} rules; the zone's counts before the camera's, the site's and the kind's")
    return 0


def _options(document: Any) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in document.items() if value is not None)


def _shown(value: object) -> str:
    return (
        {True: "on", False: "off"}.get(value, printable(str(value)))
        if isinstance(value, bool)
        else str(value)
    )


def _set(arguments: argparse.Namespace) -> int:
    given = {name: getattr(arguments, name) for name in _OPTIONS if getattr(arguments, name) is not None}
    with clear_cloud_errors():
        place = _place(arguments)
        document = _book(arguments).set(place, given)
    if arguments.json:
        print_json({**vars(place), "options": document})
    else:
        say(f"rule for {_named(place)}: {_options(document)}; the notifier knows it within a minute")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    place = _place(arguments)
    with clear_cloud_errors():
        _book(arguments).remove(place)
    if arguments.json:
        print_json({**vars(place), "state": "removed"})
    else:
        say(f"rule for {_named(place)} is removed")
    return 0


def _named(place: Place) -> str:
    return ", ".join(f"{name} {value}" for name, value in vars(place).items())


def _subscriptions(arguments: argparse.Namespace) -> Subscriptions:
    import boto3

    from cli.alerts.subscriptions import Subscriptions

    arn = arguments.topic or os.environ.get(TOPIC_VARIABLE)
    if not arn:
        raise AlertArgumentError(
            f"no topic is named: expected --topic or {TOPIC_VARIABLE} in the environment"
        )
    return Subscriptions(boto3.client("sns", region_name=arguments.region), arn)


def _address(arguments: argparse.Namespace) -> tuple[str, str]:
    return ("email", arguments.email) if arguments.email is not None else ("sms", arguments.sms)


def _subscribe(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        subscriber = _subscriptions(arguments).subscribe(
            *_address(arguments), arguments.site, arguments.language, arguments.severity
        )
    if arguments.json:
        print_json(subscriber.as_dict())
        return 0
    sites = ", ".join(subscriber.sites) or "all sites"
    say(f"{subscriber.endpoint} is told of {sites}, {arguments.severity} and above, in {arguments.language}")
    if not subscriber.confirmed:
        say("once the link in the mail that SNS has sent there is opened, within two days")
    return 0


def _unsubscribe(arguments: argparse.Namespace) -> int:
    protocol, endpoint = _address(arguments)
    with clear_cloud_errors():
        _subscriptions(arguments).unsubscribe(protocol, endpoint)
    if arguments.json:
        print_json({"protocol": protocol, "endpoint": endpoint, "state": "removed"})
    else:
        say(f"{endpoint} is told nothing more")
    return 0


def _subscribers(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        found = sorted(_subscriptions(arguments).subscribers(), key=lambda one: (one.protocol, one.endpoint))
    if arguments.json:
        print_json([one.as_dict() for one in found])
        return 0
    print(table(("by", "address", "sites", "languages", "severities", "state"), [_row(one) for one in found]))
    say(f"{len(found)} subscribers")
    return 0


def _row(one: Subscriber) -> tuple[str, ...]:
    lists = (", ".join(values) or "all" for values in (one.sites, one.languages, one.severities))
    return one.protocol, printable(one.endpoint), *lists, str(one.as_dict()["state"])


def _test(arguments: argparse.Namespace) -> int:
    from cli.alerts.testing import make_alert
    from contract.alerts import TEST, decode_alert, encode_alert
    from lambdas.notifier.entries import PART_START, entry_of
    from lambdas.notifier.rules import DEFAULTS
    from lambdas.notifier.texts import compose

    url = arguments.queue_url or os.environ.get(QUEUE_VARIABLE)
    if not url:
        raise AlertArgumentError(
            f"no queue is named: expected --queue-url or {QUEUE_VARIABLE} in the environment"
        )
    body = encode_alert(make_alert(arguments.site, arguments.camera, arguments.zone, arguments.time_zone))
    alert = decode_alert(body)
    with clear_cloud_errors():
        sqs_client(arguments.region).send_message(QueueUrl=url, MessageBody=body)
    entry = entry_of(alert, PART_START, DEFAULTS[TEST])
    subjects = {language: compose(language, alert.site, [entry], None).subject for language in ("ko", "en")}
    if arguments.json:
        print_json({"event": alert.event, "site": alert.site, "subjects": subjects})
    else:
        say(f"sent; subscribers of {alert.site} get “{subjects['ko']}” or “{subjects['en']}” within seconds")
    return 0
