"""`crowdlens scene`: draw what is counted, explain a scene file, show its ground, and send it to devices."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import identifier, port
from cli.output import print_json, say
from cli.scene_push.arguments import configure as configure_push
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from contract.scene import Scene
    from edge_components.vision.sources.frames import Image

EXAMPLE = """examples:
  crowdlens scene draw --source rtsp://user:password@camera/stream --out plaza.yaml
  crowdlens scene draw --source clip.mp4 --scene plaza.yaml
  crowdlens scene check plaza.yaml
  crowdlens scene check plaza.yaml --source clip.mp4 --picture plaza.jpg
  crowdlens scene grid --source clip.mp4 --scene plaza.yaml --out ground.png
  crowdlens scene push plaza.yaml --device jetson-7 --dry-run
  crowdlens scene push plaza.yaml --group jetson-jetpack6 --stage prod
  crowdlens scene rollback --device jetson-7 --camera plaza-1
  crowdlens scene status --device jetson-7
docs/scene.md explains the scene file and the page to draw on, docs/cameras.md how it reaches devices"""
DEFAULT_OUT = Path("scene.yaml")
EXIT_INTERRUPTED = 130


class SceneCommandError(CrowdLensError):
    """Raised for arguments that do not go together."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens scene`."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="action", required=True)
    draw = actions.add_parser("draw", help="draw zones and lines on a frame, on a page of this machine")
    draw.add_argument(
        "--source", required=True, help="video, image folder, rtsp://…, /dev/videoN, …: docs/cameras.md"
    )
    draw.add_argument("--scene", type=Path, help="scene file to begin with")
    draw.add_argument("--out", type=Path, help="scene file to write (default: --scene, else scene.yaml)")
    draw.add_argument("--port", type=port, default=0, help="port on 127.0.0.1 (default: a free one)")
    draw.add_argument("--site", type=identifier, help="name of the site")
    draw.add_argument("--camera", type=identifier, help="name of the camera")
    draw.set_defaults(execute=_draw)
    check = actions.add_parser("check", help="explain a scene file, or say what is wrong with it")
    check.add_argument("scene", type=Path, help="scene file (YAML)")
    check.add_argument("--source", help="video, folder or camera that the scene must fit")
    check.add_argument("--picture", type=Path, help="draw it on a frame of --source: .jpg or .png to write")
    check.add_argument("--model", help="model whose classes it is compared with")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(execute=_check)
    grid = actions.add_parser("grid", help="draw the metre grid of a scene's ground on a frame")
    grid.add_argument(
        "--source", required=True, help="video, image folder, rtsp://…, /dev/videoN, …: docs/cameras.md"
    )
    grid.add_argument("--scene", type=Path, required=True, help="scene file with ground points or a position")
    grid.add_argument("--out", type=Path, required=True, help="picture to write: .jpg or .png")
    grid.set_defaults(execute=_grid)
    configure_push(actions)


def _draw(arguments: argparse.Namespace) -> int:
    from cli.scene_editor.frames import FrameTaker
    from cli.scene_editor.server import EditorServer
    from cli.scene_editor.session import EditorSession

    out = _destination(arguments)
    frames = FrameTaker(arguments.source)
    try:
        document = _first_document(arguments, frames.info.width, frames.info.height)
        session = EditorSession(frames, document, out)
        with EditorServer(session, port=arguments.port) as server:
            say(f"draw at   {server.url}   (Ctrl-C ends it)")
            say(f"saves to  {out}")
            try:
                server.wait()
            except KeyboardInterrupt:
                say()
    finally:
        frames.close()
    if session.saved is None:
        say("nothing was saved")
        return EXIT_INTERRUPTED
    say(f"saved     {out}, version {session.saved.scene.version}")
    return 0


def _destination(arguments: argparse.Namespace) -> Path:
    out: Path = arguments.out or arguments.scene or DEFAULT_OUT
    if out.is_dir():
        raise SceneCommandError(f"--out {out} is a folder: expected the name of a scene file")
    if arguments.scene is None and out.exists():
        raise SceneCommandError(f"{out} exists: expected --scene {out} to go on with it, or another --out")
    return out


def _first_document(arguments: argparse.Namespace, width: int, height: int) -> dict[str, Any]:
    from cli.scene_editor.draft import existing_document, new_document

    names = {"site": arguments.site, "camera": arguments.camera}
    if arguments.scene is None:
        return new_document(width, height, **names)
    return existing_document(arguments.scene, width, height, **names)


def _check(arguments: argparse.Namespace) -> int:
    try:
        return _explain(arguments)
    except CrowdLensError as error:
        if arguments.json:
            print_json({"valid": False, "problem": str(error)})
        raise


def _explain(arguments: argparse.Namespace) -> int:
    from cli.scene_editor.explanation import explain, explanation_lines
    from contract.scene import SceneError
    from edge_components.vision.scene_file import read_scene

    if arguments.picture is not None and arguments.source is None:
        raise SceneCommandError("--picture needs a frame to draw on: expected --source")
    scene = read_scene(arguments.scene)
    labels = None if arguments.model is None else _labels(arguments.model)
    try:
        facts = explain(scene, labels)
        image = None if arguments.source is None else _fitting_frame(arguments.source, scene)
    except SceneError as error:
        raise SceneError(f"scene file {arguments.scene}: {error}") from error
    if arguments.json:
        print_json({"valid": True, "scene": str(arguments.scene), **facts})
    else:
        print("\n".join([f"{arguments.scene} is a valid scene", *explanation_lines(facts)]))
    if arguments.picture is not None and image is not None:
        _write_picture(arguments.picture, image, scene)
    return 0


def _fitting_frame(source_text: str, scene: Scene) -> Image:
    from cli.scene_editor.frames import FrameTaker

    frames = FrameTaker(source_text)
    frames.close()
    scene.scaled_to(frames.info.width, frames.info.height)
    return frames.frame.image


def _write_picture(path: Path, image: Image, scene: Scene) -> None:
    from cli.scene_editor.picture import save_picture, scene_picture
    from edge_components.runtime.annotate import legend

    save_picture(scene_picture(image, scene), path)
    say(f"picture   {path}")
    for text, name in legend(scene):
        say(f"  {text} is {name}")


def _grid(arguments: argparse.Namespace) -> int:
    from cli.scene_editor.picture import save_picture
    from contract.scene import SceneError
    from edge_components.vision.ground_grid import draw_ground_grid, ground_grid
    from edge_components.vision.scene_file import read_scene

    scene = read_scene(arguments.scene)
    try:
        grid = ground_grid(scene)
        drawn = draw_ground_grid(_fitting_frame(arguments.source, scene), scene)
    except SceneError as error:
        raise SceneError(f"scene file {arguments.scene}: {error}") from error
    save_picture(drawn, arguments.out)
    say(f"picture   {arguments.out}, a line every {grid.step_m:g} m")
    say(f"residual  {_residual(scene, grid.residual_m)}")
    return 0


def _residual(scene: Scene, residual_m: float | None) -> str:
    if residual_m is not None:
        return f"{residual_m:.2f} m over {len(scene.ground)} ground points"
    if scene.position is not None:
        return "unknown: the ground follows from the camera's position, hold the grid against the picture"
    return "unknown: four ground points always fit, a fifth shows how good they are"


def _labels(named: str) -> tuple[str, ...]:
    from cli.model_location import find_model
    from edge_components.runtime.inference.detector import open_detector

    return tuple(open_detector(find_model(named)).labels)
