"""The command line of the model store, for whoever is on the machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from contract.model_manifest import PRECISIONS
from edge_components.model_store.settings import ENGINE_MODES

EXAMPLES = """examples, as the component's user:
  sudo -u ggc_user -E python3 -m edge_components.model_store list
  … model_store verify                            hold every file against its published sha256
  … model_store rollback                          back to the model before the active one, at once
  … model_store activate person_demo@1            an installed version; with --bucket one that is fetched
  … model_store run --model person_demo@1 --bucket B    the component's work, without Greengrass
an operator's choice holds until a deployment names another version; `activate` lets in what was refused"""


def parse(argv: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and what it read."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.model_store",
        description="The models of this device: list, check, activate and roll back.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    for name, summary in (
        ("list", "show installed, active, previous and refused versions"),
        ("verify", "hold packages and engines against what was published and built"),
        ("rollback", "put the model before the active one back into force"),
    ):
        _common(actions.add_parser(name, help=summary))
    activate = actions.add_parser("activate", help="make a version the active one")
    activate.add_argument("model", metavar="NAME@VERSION", help="the version")
    _settings(activate)
    _common(activate)
    run = actions.add_parser("run", help="work as the component does, until a signal")
    run.add_argument("--model", metavar="NAME@VERSION", help="the wanted version")
    run.add_argument(
        "--run",
        "--run-folder",
        dest="run_folder",
        type=Path,
        default=Path("/run/crowdlens"),
        help="folder of status files (default: %(default)s)",
    )
    _settings(run)
    _common(run)
    return parser, parser.parse_args(argv)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder", type=Path, default=Path("/var/lib/crowdlens"), help="state folder (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bucket", help="artifacts bucket to fetch from (default: installed versions alone)")
    parser.add_argument("--signing-key", type=Path, help="public key (PEM): take signed versions alone")
    parser.add_argument(
        "--engine", choices=ENGINE_MODES, default="auto", help="TensorRT engine (%(default)s)"
    )
    parser.add_argument("--precision", choices=PRECISIONS, default="fp16", help="of the engine (%(default)s)")
