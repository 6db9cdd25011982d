"""``python -m edge_components.local_view``: by the nucleus' configuration, or by flags."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from contract.errors import CrowdLensError
from edge_components.local_view.arguments import parse
from edge_components.local_view.component import LocalView
from edge_components.runtime.component import COULD_NOT_START, run_component
from edge_components.runtime.ipc import in_greengrass


def main(argv: Sequence[str]) -> int:
    """Run until a signal; return the exit status: 0 stopped, 1 failed while running, 2 could not start."""
    if not argv and in_greengrass():
        return run_component(LocalView())
    try:
        configuration, device = parse(argv)
    except CrowdLensError as error:
        sys.stderr.write(f"local_view: {error}\n")
        return COULD_NOT_START
    return run_component(LocalView(), configuration=configuration, thing_name=device)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
