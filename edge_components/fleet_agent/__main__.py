"""``python -m edge_components.fleet_agent``: the agent as a component, as a plain process, or asked once."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from contract.errors import CrowdLensError, WorkFailedError
from edge_components.fleet_agent.arguments import parse
from edge_components.fleet_agent.component import FleetAgentComponent, own_version
from edge_components.fleet_agent.link_test import run_link_test, speeds_text
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.once import as_json, as_text, look_once
from edge_components.fleet_agent.settings import LinkTestSettings
from edge_components.runtime.component import run_component
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.folder_options import chosen_folders
from edge_components.runtime.ipc import in_greengrass

_NICENESS = 10


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 stopped or told, 1 failed while running, 2 could not start."""
    parser, arguments = parse(argv)
    try:
        if arguments.is_link_test:
            return _link_test(arguments)
        folders = chosen_folders(arguments.folder, arguments.run, arguments.settings)
        if arguments.once:
            reading = look_once(Machine(), folders, own_version())
            sys.stdout.write((as_json if arguments.json else as_text)(reading) + "\n")
            return 0
    except CrowdLensError as error:
        parser.exit(error.exit_status, f"fleet_agent: {error}\n")
    return _serve(arguments, folders)


def _serve(arguments: argparse.Namespace, folders: DeviceFolders) -> int:
    # Counting goes first: on a busy device the agent waits.
    with suppress(OSError):
        os.nice(_NICENESS)
    if in_greengrass() and not arguments.has_words:
        return run_component(FleetAgentComponent())
    configuration = {"reportSeconds": arguments.report_seconds, "logLevel": arguments.log_level}
    return run_component(
        FleetAgentComponent(), configuration=configuration, folders=folders, thing_name=arguments.device
    )


def _link_test(arguments: argparse.Namespace) -> int:
    settings = LinkTestSettings(arguments.download, arguments.upload, arguments.bytes, arguments.seconds)
    try:
        found = run_link_test(settings)
    except WorkFailedError as error:
        if not arguments.json:
            raise
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return 0
    sys.stdout.write((json.dumps(found) if arguments.json else speeds_text(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
