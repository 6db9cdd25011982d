"""`crowdlens devices`: the registry that says which device may send under which certificate."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cli.arguments import identifier
from cli.cloud import add_account_arguments, clear_cloud_errors, control_table_of, dynamodb_client
from cli.output import print_json, say, table
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from lambdas.shared.expected_devices import ExpectedDevice, ExpectedDevices
    from lambdas.shared.registry import Device, DeviceRegistry

EXAMPLE = """examples:
  crowdlens devices expect jetson-7 --site seoul-1 --serial 1421321000123 --group jetson-jetpack6
  crowdlens devices expected                           who may still come, and who has
  crowdlens devices enrol jetson-7 --site seoul-1 --certificate 3f9a…
  crowdlens devices rotate jetson-7 --add 77c0…        both certificates are good from now on
  crowdlens devices rotate jetson-7 --remove 3f9a…     once the device uses the new one
  crowdlens devices block jetson-7                     its messages are refused within 10 minutes
after `enrol`, `crowdlens quarantine release` lets in what was refused before"""


class CertificateTakenError(CrowdLensError):
    """Raised when a certificate is another device's."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens devices`."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="action", required=True)
    listing = actions.add_parser("list", help="list the registered devices")
    listing.add_argument("--site", type=identifier, help="only devices of this site")
    _finish(listing, _list)
    expect = _action(actions, "expect", "let a device with a serial number provision itself", _expect)
    expect.add_argument("--site", type=identifier, required=True, help="name of its site")
    expect.add_argument("--serial", required=True, help="its serial number, as install_device.sh gives it")
    expect.add_argument("--group", required=True, choices=_groups(), help="its device group")
    expect.add_argument("--again", action="store_true", help="once more, for a device that is set up anew")
    _finish(actions.add_parser("expected", help="list the devices that may provision themselves"), _expected)
    forget = actions.add_parser("forget", help="no longer expect a serial number")
    forget.add_argument("serial", help="serial number")
    _finish(forget, _forget)
    enrol = _action(actions, "enrol", "register a device with its certificate", _enrol)
    enrol.add_argument("--site", type=identifier, required=True, help="name of its site")
    enrol.add_argument(
        "--certificate", type=_certificate, required=True, help="id of its AWS IoT certificate, 64 hex digits"
    )
    rotate = _action(actions, "rotate", "add the next certificate, or remove the last one", _rotate)
    change = rotate.add_mutually_exclusive_group(required=True)
    change.add_argument(
        "--add", type=_certificate, metavar="CERTIFICATE", help="let the device send under this one, too"
    )
    change.add_argument(
        "--remove", type=_certificate, metavar="CERTIFICATE", help="let it no longer send under this one"
    )
    _action(actions, "block", "refuse its messages, whatever its certificate", _block)
    _action(actions, "unblock", "let it send again", _unblock)
    _action(actions, "remove", "forget the device", _remove)


def _certificate(text: str) -> str:
    from lambdas.shared.device import RegistryError, check_certificate_id

    try:
        return check_certificate_id(text)
    except RegistryError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _groups() -> list[str]:
    from infra.fleet.targets import GROUPS

    return [group.name for group in GROUPS if group.python is not None]


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    execute: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.add_argument("device", type=identifier, help="name of the device")
    _finish(parser, execute)
    return parser


def _finish(parser: argparse.ArgumentParser, execute: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_account_arguments(parser)
    parser.set_defaults(execute=execute)


def _registry(arguments: argparse.Namespace) -> DeviceRegistry:
    from lambdas.shared.registry import DeviceRegistry

    return DeviceRegistry(control_table_of(arguments), dynamodb_client(arguments.region))


def _expectations(arguments: argparse.Namespace) -> ExpectedDevices:
    from lambdas.shared.expected_devices import ExpectedDevices

    return ExpectedDevices(control_table_of(arguments), dynamodb_client(arguments.region))


def _expect(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        device = _expectations(arguments).expect(
            arguments.serial, arguments.device, arguments.site, arguments.group, again=arguments.again
        )
    if arguments.json:
        print_json(_expected_as_dict(device))
    else:
        say(f"serial number {device.serial} may provision itself as {device.name} of {device.site}, once")
    return 0


def _expected(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        devices = sorted(_expectations(arguments).devices(), key=lambda device: (device.site, device.name))
    if arguments.json:
        print_json([_expected_as_dict(device) for device in devices])
        return 0
    rows = [
        (
            device.site,
            device.name,
            device.group,
            device.serial,
            "came" if device.certificate_id else "expected",
        )
        for device in devices
    ]
    print(table(("site", "device", "group", "serial number", "state"), rows))
    say(f"{len(devices)} devices")
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        _expectations(arguments).forget(arguments.serial)
    if arguments.json:
        print_json({"serial": arguments.serial, "state": "forgotten"})
    say(f"serial number {arguments.serial} is no longer expected")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        devices = sorted(_registry(arguments).devices(), key=lambda device: (device.site, device.name))
    chosen = [device for device in devices if arguments.site in (None, device.site)]
    if arguments.json:
        print_json([_as_dict(device) for device in chosen])
    else:
        print(table(("site", "device", "state", "certificates", "changed"), [_row(one) for one in chosen]))
        say(f"{len(chosen)} devices")
    return 0


def _enrol(arguments: argparse.Namespace) -> int:
    _check_free(arguments, arguments.certificate)
    return _change(
        arguments, lambda registry: registry.enrol(arguments.device, arguments.site, arguments.certificate)
    )


def _check_free(arguments: argparse.Namespace, certificate: str) -> None:
    """Refuse a certificate that another device holds: whoever has it could speak for both."""
    name = arguments.device
    with clear_cloud_errors():
        others = sorted(_registry(arguments).holders(certificate) - {name})
    if others:
        raise CertificateTakenError(
            f"certificate {certificate[:12]}… is device {others[0]}'s already: expected one of {name}'s own"
        )


def _rotate(arguments: argparse.Namespace) -> int:
    if arguments.add is not None:
        _check_free(arguments, arguments.add)
        return _change(arguments, lambda registry: registry.add_certificate(arguments.device, arguments.add))
    return _change(
        arguments, lambda registry: registry.remove_certificate(arguments.device, arguments.remove)
    )


def _block(arguments: argparse.Namespace) -> int:
    from lambdas.shared.registry import DeviceState

    return _change(arguments, lambda registry: registry.set_state(arguments.device, DeviceState.BLOCKED))


def _unblock(arguments: argparse.Namespace) -> int:
    from lambdas.shared.registry import DeviceState

    return _change(arguments, lambda registry: registry.set_state(arguments.device, DeviceState.ACTIVE))


def _remove(arguments: argparse.Namespace) -> int:
    with clear_cloud_errors():
        _registry(arguments).remove(arguments.device)
    if arguments.json:
        print_json({"device": arguments.device, "state": "removed"})
    say(f"device {arguments.device} is no longer registered")
    return 0


def _change(arguments: argparse.Namespace, change: Callable[[DeviceRegistry], Device]) -> int:
    with clear_cloud_errors():
        device = change(_registry(arguments))
    if arguments.json:
        print_json(_as_dict(device))
    else:
        ids = ", ".join(sorted(device.certificate_ids))
        say(f"device {device.name} of {device.site} is {device.state.value}, certificates {ids}")
    return 0


def _row(device: Device) -> tuple[str, ...]:
    certificates = " ".join(certificate[:12] + "…" for certificate in sorted(device.certificate_ids))
    changed = device.updated_at.strftime("%Y-%m-%d %H:%M UTC")
    return device.site, device.name, device.state.value, certificates, changed


def _expected_as_dict(device: ExpectedDevice) -> dict[str, Any]:
    return {
        "serial": device.serial,
        "device": device.name,
        "site": device.site,
        "group": device.group,
        "expected_at": device.expected_at.isoformat(),
        "certificate_id": device.certificate_id,
    }


def _as_dict(device: Device) -> dict[str, Any]:
    return {
        "device": device.name,
        "site": device.site,
        "state": device.state.value,
        "certificate_ids": sorted(device.certificate_ids),
        "enrolled_at": device.enrolled_at.isoformat(),
        "updated_at": device.updated_at.isoformat(),
    }
