"""`crowdlens selftest`: what this machine is and how models run on it, as a report to send back."""

from __future__ import annotations

import argparse

from edge_components.runtime.inference.selftest import add_arguments


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens selftest`."""
    add_arguments(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Try every model by every provider that is here and print the report."""
    from edge_components.runtime.inference.selftest import run

    return run(arguments)
