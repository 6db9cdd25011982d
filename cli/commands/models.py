"""`crowdlens models`: which models are at hand, whether a file is one, adding one, publishing for devices."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cli.counts import plural
from cli.model_location import SHIPPED_MODELS, added_models, find_model
from cli.model_push.commands import add_actions
from cli.output import print_json, say, table
from contract.errors import CrowdLensError

EXAMPLE = """examples:
  crowdlens models list
  crowdlens models check yolox_nano.onnx
  crowdlens models check squeezenet1.1-7.onnx --labels synset.txt
  crowdlens models add yolox_nano.onnx --name yolox-nano --licence Apache-2.0
  make demo MODEL=yolox-nano
  crowdlens models golden my-detector --picture plaza.png
  crowdlens models push person_demo --version 1 --stage dev --sign models.key.pem
  crowdlens models versions --stage dev"""


class LabelsError(CrowdLensError):
    """Raised for labels of a model that has its own."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens models`."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="action", required=True)
    listing = actions.add_parser("list", help="list the models at hand")
    listing.set_defaults(execute=_list)
    check = actions.add_parser("check", help="say what a model is, after one inference")
    check.add_argument("model", help="package folder, .onnx file or name")
    check.add_argument(
        "--labels", type=Path, help="of an .onnx file: text file with one class name a line, in its order"
    )
    check.set_defaults(execute=_check)
    add = actions.add_parser("add", help="make a package of an ONNX file, so that its name can be used")
    add.add_argument("model", type=Path, help=".onnx file or package folder")
    add.add_argument("--name", help="name to add it under (default: the file's)")
    add.add_argument("--labels", type=Path, help="text file with one class name a line, in the model's order")
    add.add_argument("--licence", default="unknown", help="licence of the model")
    add.set_defaults(execute=_add)
    add_actions(actions)
    for action in (listing, check, add):
        action.add_argument("--json", action="store_true", help="print JSON")


def _list(arguments: argparse.Namespace) -> int:
    from edge_components.runtime.inference.model_library import list_models

    found = [*list_models(SHIPPED_MODELS), *list_models(added_models())]
    if arguments.json:
        print_json(
            [{"name": model.name, "folder": str(model.folder), "problem": model.problem} for model in found]
        )
        return 0
    rows = [
        (
            model.name,
            f"{model.package.layout}, {model.package.input.width}x{model.package.input.height}"
            if model.package
            else "-",
            model.problem or plural(len(model.package.labels) if model.package else 0, "class"),
            model.folder,
        )
        for model in found
    ]
    print(table(("name", "layout", "state", "folder"), rows))
    return 1 if any(model.problem for model in found) else 0


def _check(arguments: argparse.Namespace) -> int:
    from edge_components.runtime.inference.labels import read_labels
    from edge_components.runtime.inference.open_model import open_model

    path = find_model(arguments.model)
    if arguments.labels is None:
        model = open_model(path)
        package, provider = model.package, model.provider
    else:
        package, provider = _described(path, read_labels(arguments.labels))
    _report(arguments.json, {**_facts(package), "provider": provider})
    return 0


def _described(path: Path, labels: tuple[str, ...]) -> tuple[Any, str]:
    """Return what an ONNX file is with those labels, after one inference, and what ran it."""
    from edge_components.runtime.inference.describe import describe
    from edge_components.runtime.inference.onnx_session import OnnxSession

    if path.is_dir():
        raise LabelsError(
            f"--labels is for an .onnx file: expected none, as {path} has its own in model.yaml"
        )
    session = OnnxSession(path, provider="cpu")
    return describe(session, labels), session.provider


def _add(arguments: argparse.Namespace) -> int:
    from cli.model_push.package import refuse_tao
    from edge_components.runtime.inference.labels import read_labels
    from edge_components.runtime.inference.model_library import add_model

    refuse_tao(arguments.model)
    labels = None if arguments.labels is None else read_labels(arguments.labels)
    package = add_model(
        arguments.model, arguments.name, added_models(), labels=labels, licence=arguments.licence
    )
    _report(arguments.json, _facts(package))
    if not arguments.json:
        say(f"added as {package.name!r}: use it with MODEL={package.name} or --model {package.name}")
    return 0


def _facts(package: Any) -> dict[str, Any]:
    shown = 5
    return {
        "name": package.name,
        "task": package.task,
        "layout": package.layout,
        "input": f"{package.input.width}x{package.input.height}",
        "classes": len(package.labels),
        "labels": ", ".join(package.labels[:shown]) + (", …" if len(package.labels) > shown else ""),
        "licence": package.licence,
        "file": str(package.model_path),
    }


def _report(as_json: bool, facts: dict[str, Any]) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        print(f"{name:9} {value}")
