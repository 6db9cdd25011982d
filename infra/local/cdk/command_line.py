"""The CDK command line as child processes that reach one endpoint and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.errors import CrowdLensError
from infra.local.aws_environment import REPOSITORY_ROOT, AwsEndpoint, base_environment
from infra.local.processes import start_process, wait_until_done
from infra.local.run_directory import RUN_VARIABLE, RunDirectory

LOCAL_ACCOUNT = "000000000000"
_DEADLINE_SECONDS = 600.0
_QUIET = ("--no-color", "--no-notices", "--no-version-reporting")


class CdkMissingError(CrowdLensError):
    """Raised when the CDK command line is not installed."""


def cdk_path() -> Path:
    """Return the CDK command line that setup.sh installs; raises `CdkMissingError` without it."""
    path = REPOSITORY_ROOT / ".tools" / "cdk" / "cdk"
    if not path.exists():
        raise CdkMissingError(
            f"the CDK command line is {path}, which does not exist: `sh infra/local/setup.sh cdk` installs it"
        )
    return path


class CdkCommandLine:
    """Runs `cdk` subcommands against `endpoint`, each with a log of its own in `run`.

    Every method returns when the command ended well and raises `ProcessError` with its last words otherwise.
    """

    def __init__(self, run: RunDirectory, endpoint: AwsEndpoint) -> None:
        self._run = run
        self._endpoint = endpoint
        self._command = cdk_path()

    def synthesise(self, assembly: Path, context: Mapping[str, str]) -> None:
        """Run app.py as cdk.json says and leave its cloud assembly in the folder `assembly`."""
        given = [word for name, value in context.items() for word in ("--context", f"{name}={value}")]
        self._execute("synth", "--quiet", "--output", str(assembly), *given)

    def bootstrap(self) -> None:
        """Make the stack CDKToolkit: the bucket that takes the bundles, and the roles that deploy."""
        # In a folder without a cdk.json: beside it, app.py would be run first, and for nothing.
        self._execute("bootstrap", f"aws://{LOCAL_ACCOUNT}/{self._endpoint.region}", directory=self._run.path)

    def deploy(self, assembly: Path, stacks: Sequence[str]) -> None:
        """Publish the assets of `stacks` and create or update them, and those they depend on."""
        asked = ("--require-approval", "never", "--progress", "events")
        self._execute("deploy", "--app", str(assembly), *asked, *stacks)

    def destroy(self, assembly: Path, stacks: Sequence[str]) -> None:
        """Delete `stacks`, and those that depend on them."""
        self._execute("destroy", "--app", str(assembly), "--force", *stacks)

    def _execute(self, *words: str, directory: Path = REPOSITORY_ROOT) -> None:
        process = start_process(
            f"cdk {words[0]}",
            [str(self._command), *words, *_QUIET],
            log_path=self._run.log_path(f"cdk-{words[0]}"),
            environment=self._environment(),
            directory=directory,
        )
        wait_until_done(process, deadline_seconds=_DEADLINE_SECONDS)

    def _environment(self) -> dict[str, str]:
        own = {**self._endpoint.environment(), RUN_VARIABLE: str(self._run.path), "CI": "true"}
        # Its caches and settings stay out of the user's home.
        return base_environment(self._run.temporary, own) | {"HOME": str(self._run.temporary)}
