"""``python -m infra.fleet``: check, lock, build and publish what devices get."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contract.errors import CrowdLensError
from infra.fleet.components import load_components
from infra.fleet.publish import publish, s3_client, write_artifacts
from infra.fleet.recipe_check import check_component
from infra.fleet.targets import TARGETS
from infra.fleet.versions import add_versions, check_locked, check_versions, read_versions, write_versions
from infra.fleet.wheelhouse import build_wheelhouse, lock_libraries, try_install

_EXAMPLE = """examples:
  python -m infra.fleet check                      recipes, and that versions.lock knows their content
  python -m infra.fleet lock                       write the recipes' versions into versions.lock
  python -m infra.fleet lock-libraries             resolve requirements/edge.in anew (needs a package index)
  python -m infra.fleet wheelhouse                 fetch the wheels, check them, install them offline
  python -m infra.fleet build                      write every artifact below build/artifacts
  python -m infra.fleet publish --stage dev --bucket crowdlens-dev-artifacts-123456789012-ap-northeast-2"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or the error's exit status after its sentence."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.execute(arguments)
    except CrowdLensError as error:
        sys.stderr.write(f"fleet: {error}\n")
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.fleet", epilog=_EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(metavar="command", required=True)
    for name, execute in (
        ("check", _check),
        ("lock-libraries", _lock_libraries),
        ("wheelhouse", _wheelhouse),
        ("build", _build),
    ):
        actions.add_parser(name).set_defaults(execute=execute)
    lock = actions.add_parser("lock")
    lock.add_argument("--replace", action="store_true", help="for versions that were never deployed")
    lock.set_defaults(execute=_lock)
    upload = actions.add_parser("publish")
    upload.add_argument("--stage", required=True, choices=("dev", "prod"))
    upload.add_argument("--bucket", required=True, help="artifacts bucket, an output of the storage stack")
    upload.set_defaults(execute=_publish)
    return parser


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")


def _check(_arguments: argparse.Namespace) -> None:
    components = load_components()
    for component in components:
        check_component(component)
    versions = read_versions()
    check_versions(components, versions)
    for component in components:
        state = "locked" if (component.name, component.version) in versions else "may still change"
        _say(f"{component.name} {component.version}: {state}")


def _lock(arguments: argparse.Namespace) -> None:
    components = load_components()
    for component in components:
        check_component(component)
    write_versions(add_versions(components, read_versions(), replace=arguments.replace))
    for component in components:
        _say(f"{component.name} {component.version} {component.digest[:12]}")


def _lock_libraries(_arguments: argparse.Namespace) -> None:
    for path in lock_libraries():
        _say(f"wrote {path.name}")


def _wheelhouse(_arguments: argparse.Namespace) -> None:
    for target in TARGETS:
        folder = build_wheelhouse(target)
        try_install(folder, target)
        wheels = list(folder.glob("*.whl"))
        size = sum(wheel.stat().st_size for wheel in wheels) / 1e6
        _say(f"{folder.name}: {len(wheels)} wheels, {size:.0f} MB, installs offline")


def _build(_arguments: argparse.Namespace) -> None:
    for component in load_components():
        for _, path in write_artifacts(component):
            _say(f"{component.name} {component.version}: {path.name}, {path.stat().st_size / 1e6:.1f} MB")


def _publish(arguments: argparse.Namespace) -> None:
    components, versions = load_components(), read_versions()
    for component in components:
        check_locked(component, versions)
    client = s3_client()
    for component in components:
        for done in publish(component, client, bucket=arguments.bucket, stage=arguments.stage):
            state = "uploaded" if done.is_new else "there already"
            _say(f"{done.key}: {done.size_bytes / 1e6:.1f} MB, {state}")


if __name__ == "__main__":
    sys.exit(main())
