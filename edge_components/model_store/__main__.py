"""``python -m edge_components.model_store``: under Greengrass the component, else an operator's command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from contract.errors import CrowdLensError
from edge_components.model_store.arguments import parse
from edge_components.model_store.component import ModelStoreComponent
from edge_components.model_store.operations import answer, configuration_of
from edge_components.runtime.component import run_component
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.ipc import in_greengrass

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 1 failed or something is wrong, 2 the call was wrong."""
    words = sys.argv[1:] if argv is None else list(argv)
    if not words and in_greengrass():
        return run_component(ModelStoreComponent())
    parser, arguments = parse(words)
    try:
        return _run(arguments) if arguments.action == "run" else answer(arguments)
    except CrowdLensError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return error.exit_status
    except PermissionError as error:
        sys.stderr.write(
            f"{parser.prog}: {error.filename}: {error.strerror}; expected the component's user\n"
        )
        return 2
    except OSError as error:
        sys.stderr.write(f"{parser.prog}: {error.filename or arguments.folder}: {error.strerror or error}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    return run_component(
        ModelStoreComponent(),
        configuration=configuration_of(arguments),
        folders=DeviceFolders(state=arguments.folder, run=arguments.run_folder),
        thing_name=os.environ.get("AWS_IOT_THING_NAME", "device"),
    )


if __name__ == "__main__":
    sys.exit(main())
