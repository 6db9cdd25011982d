"""The command line of the vision component."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import CrowdLensError
from contract.identity import check_identifier
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.folder_options import SETTINGS_HELP, chosen_folders
from edge_components.vision.camera import CameraSettings

SHIPPED_MODELS = Path(__file__).parent / "models"
DEFAULT_MODEL = "person_demo"
PROVIDERS = ("auto", "tensorrt", "cuda", "cpu")
_EXAMPLE = """example:
  python -m edge_components.vision --spool /var/lib/crowdlens/spool.db --device jetson-7 \\
      --source-file /etc/crowdlens/camera-source --scene /etc/crowdlens/scene.yaml
      one camera, until its source ends
  python -m edge_components.vision --device jetson-7 --folder /tmp/device/state --run /tmp/device/run \\
      --source-file /etc/crowdlens/camera-source --scene /etc/crowdlens/scene.yaml
      the same, with pictures for local_view and a status for fleet_agent, until a signal
  python -m edge_components.vision --device jetson-7 --folder /tmp/device/state --run /tmp/device/run \\
      --configuration cameras.yaml
      several cameras; the file has the component's keys: cameras, model, provider, threads, ...

The source stands in a file because a camera's address may hold its password, and a command line can be read
by everybody on the machine. Until that file and the scene are there, the component waits. Stops within five
seconds on SIGTERM or Ctrl-C.
"""


class VisionArgumentError(CrowdLensError):
    """Raised for an argument that no camera can run with."""


@dataclass(frozen=True)
class VisionArguments:
    """What the vision component was started with; `source_file` holds the camera's address."""

    source_file: Path
    scene: Path
    spool: Path
    device: str
    model: Path
    window_seconds: float
    threads: int
    provider: str
    log_level: str

    def camera(self, source: str) -> CameraSettings:
        """Return the settings of a run on `source`."""
        return CameraSettings(
            source=source,
            scene=self.scene,
            model=self.model,
            spool=self.spool,
            device=self.device,
            window_seconds=self.window_seconds,
            threads=self.threads,
            provider=self.provider,
        )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``python -m edge_components.vision``."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.vision",
        description="Count what one camera sees; the records wait in the spool for the publisher.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--source-file", type=Path, help="file whose one line names the source; not readable by everybody"
    )
    parser.add_argument("--scene", type=Path, help="scene file (YAML)")
    parser.add_argument(
        "--configuration",
        type=Path,
        metavar="FILE.yaml",
        help="the component's configuration, in place of --source-file, --scene and the model's options",
    )
    parser.add_argument("--spool", type=Path, help="spool file (default: FOLDER/spool.db); made if need be")
    _add_folders(parser)
    parser.add_argument("--device", required=True, help="name of this device")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="shipped model, package folder or .onnx file")
    parser.add_argument("--window-seconds", type=float, default=10.0, help="length of a counting window")
    parser.add_argument("--threads", type=int, default=1, help="threads of one inference")
    parser.add_argument("--provider", choices=PROVIDERS, default="auto", help="where to run the model")
    parser.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
    return parser


def _add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder",
        type=Path,
        help="what lasts: spool, models, scenes (default: the spool's folder, else /var/lib/crowdlens)",
    )
    parser.add_argument(
        "--run",
        type=Path,
        help="share pictures and a status here, and run until a signal (/run/crowdlens on a device; default "
        "without --configuration: share nothing, end with the source)",
    )
    parser.add_argument("--settings", type=Path, help=SETTINGS_HELP)


def read_arguments(namespace: argparse.Namespace) -> VisionArguments:
    """Return the checked arguments of one camera; raises `CrowdLensError` naming the first that is wrong."""
    for name in ("source_file", "scene"):
        if getattr(namespace, name) is None:
            raise VisionArgumentError(
                f"--{name.replace('_', '-')} is missing: expected --source-file with --scene, "
                "or --configuration"
            )
    if namespace.spool is None and namespace.folder is None:
        raise VisionArgumentError("--spool is missing: expected --spool or --folder")
    if not 1 <= namespace.window_seconds <= 86_400:
        raise VisionArgumentError(f"window_seconds is {namespace.window_seconds}: expected 1 to 86400")
    if namespace.threads < 1:
        raise VisionArgumentError(f"threads is {namespace.threads}: expected 1 or more")
    return VisionArguments(
        source_file=namespace.source_file,
        scene=namespace.scene,
        spool=namespace.spool or folders_of(namespace).spool,
        device=check_identifier("device", namespace.device),
        model=find_model(namespace.model),
        window_seconds=namespace.window_seconds,
        threads=namespace.threads,
        provider=namespace.provider,
        log_level=namespace.log_level,
    )


def folders_of(namespace: argparse.Namespace) -> DeviceFolders:
    """Return the device's folders; with a spool alone what lasts lies beside it."""
    beside = None if namespace.spool is None else namespace.spool.parent
    return chosen_folders(namespace.folder or beside, namespace.run, namespace.settings)


def find_model(named: str) -> Path:
    """Return the shipped package or the path that `named` means; raises `VisionArgumentError`."""
    for candidate in (SHIPPED_MODELS / named, Path(named)):
        if candidate.exists():
            return candidate
    shipped = ", ".join(sorted(path.name for path in SHIPPED_MODELS.iterdir()))
    raise VisionArgumentError(
        f"model is {named!r}: expected a package folder, an .onnx file or one of {shipped}"
    )


def parse(argv: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and what it read from `argv` (None: the process's own arguments)."""
    parser = build_parser()
    return parser, parser.parse_args(argv)
