"""The `crowdlens` command: finds the subcommand, turns errors into one sentence and an exit status.

Exit status: 0 success, 1 the work failed or a check found something wrong, 2 the input or the call was
wrong, 130 given up by Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from cli.cloud import clear_cloud_errors, region_of_environment
from contract.errors import CrowdLensError, WorkFailedError

COMMANDS = {
    "demo": "run camera to dashboard on this machine",
    "run": "run one camera: frames in, records in a spool",
    "replay": "count from a MOT detection file, without video",
    "scene": "draw what is counted on a frame, or explain a scene file",
    "audit": "compare the counts with counts by hand, and draw minutes to count",
    "history": "make weeks of a simulated city, to look at dashboards before there are cameras",
    "athena": "ask the lake a question in Athena's SQL",
    "opendata": "load a file of public data: typed rows, a quarantine and a report",
    "preview": "draw the dashboards from a lake, offline",
    "console": "look at live figures, cameras, events and history in a browser",
    "compact": "fold a lake's raw objects into few, large, sorted ones",
    "map": "show the live map on this machine: places, counts, what is usual",
    "rebuild": "drop MySQL and rebuild it from the lake, or compare the two",
    "reconcile": "show that nothing is lost: what was made against the lake and MySQL",
    "alerts": "say who is told of what, when and how often",
    "devices": "enrol, list, rotate and block the devices that may send",
    "quarantine": "list, show and release messages that were refused",
    "redrive": "send dead letters back to the queues they came from",
    "cost": "estimate what a fleet asks of AWS and what it costs",
    "models": "list, check, add and publish models",
    "selftest": "say what this machine is and how models run on it, as a report to send back",
    "doctor": "check what this machine, or an AWS account, lacks and say what mends it",
    "destroy-plan": "say how a stage is taken away from AWS, and what stays then",
}
"""Subcommands in the order `--help` lists them; each is a module of `cli.commands`."""
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand, that of the command line by default, and return its exit status."""
    if arguments is not None:
        return _run(list(arguments))
    leaving = _Leaving()
    atexit.register(leaving)
    try:
        leaving.status = _run(sys.argv[1:])
    except SystemExit as error:
        leaving.status = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    return leaving.status


class _Leaving:
    """Ends the process after all else that is to be done at its end, without taking the interpreter down.

    Threads that DuckDB and Arrow still have at work may ask for the interpreter when it is gone, which
    aborted one answered question in eight on a busy machine.
    """

    def __init__(self) -> None:
        self.status = 1

    def __call__(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(self.status)


def _run(words: list[str]) -> int:
    command = build_parser(words).parse_args(words)
    try:
        with region_of_environment(), clear_cloud_errors():
            status = command.execute(command)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CrowdLensError as error:
        return _complain(command.command, _with_option(command, str(error)), error.exit_status)
    except OSError as error:
        wrong_input = isinstance(
            error, (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
        )
        kind = CrowdLensError if wrong_input else WorkFailedError
        return _complain(command.command, _sentence(error), kind.exit_status)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return int(status)


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; only the subcommand that `words` names is imported, so that `--help` is quick."""
    parser = argparse.ArgumentParser(
        prog="crowdlens",
        description="Edge vision analytics: the count is right, nothing is lost, everyone can see it.",
    )
    parser.add_argument("--version", action="version", version=f"crowdlens {_version()}")
    subparsers = parser.add_subparsers(metavar="command", required=True)
    named = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        if named in COMMANDS and name != named:
            continue
        subparser = subparsers.add_parser(
            name, help=summary, description=_sentence_case(summary), formatter_class=_Formatter
        )
        subparser.set_defaults(command=name)
        importlib.import_module(f"cli.commands.{name.replace('-', '_')}").configure(subparser)
    return parser


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults where there are any, and leaves the lines of an example as they are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        said_already = "(default: " in (action.help or "")
        if action.default is None or action.default is False or said_already:
            return action.help
        return super()._get_help_string(action)


def _sentence_case(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _version() -> str:
    from importlib.metadata import version

    return version("crowdlens")


def _with_option(command: argparse.Namespace, sentence: str) -> str:
    """Return `sentence`; where it asks for MySQL by a setting, with the command's option, too."""
    asks_for_mysql = sentence.startswith("MYSQL_HOST is not set") and hasattr(command, "mysql_url")
    return f"{sentence}, or --mysql-url" if asks_for_mysql else sentence


def _complain(command: str, sentence: str, exit_status: int) -> int:
    print(f"crowdlens {command}: {sentence}", file=sys.stderr)
    return exit_status


def _sentence(error: OSError) -> str:
    """Return what the operating system refused, as a sentence a user can act on."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}the disk is full: expected free space for the output; nothing half-written is left"
    return f"{where}{error.strerror or error}"


if __name__ == "__main__":
    sys.exit(main())
