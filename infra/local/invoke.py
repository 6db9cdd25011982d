"""Call one handler once: ``python -m infra.local.invoke package.module:function [EVENT_JSON]``.

Runs in a process of its own, so that the function's environment variables stay its own. Its answer goes to
standard output as JSON, logs to standard error.
"""

from __future__ import annotations

import contextlib
import json
import sys

from contract.errors import CrowdLensError
from infra.local.aws_environment import LOCAL_REGION
from infra.local.invocation import load_handler, new_context, time_limit

_TIMEOUT_SECONDS = 120.0
_MEMORY_MIB = 512


def main(arguments: list[str]) -> int:
    """Call the handler named first with the event given second."""
    name, event = arguments[0], json.loads(arguments[1]) if len(arguments) > 1 else {}
    context = new_context(
        name.split(".")[-2], region=LOCAL_REGION, timeout_seconds=_TIMEOUT_SECONDS, memory_mib=_MEMORY_MIB
    )
    try:
        with contextlib.redirect_stdout(sys.stderr), time_limit(_TIMEOUT_SECONDS):
            answer = load_handler(name)(event, context)
    except CrowdLensError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    json.dump(answer, sys.stdout, default=str)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
