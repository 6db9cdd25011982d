"""`python -m training COMMAND`: draw, train, export, evaluate, or all of it in order.

Commands that need PyTorch (train, export, all) run in the environment of requirements/training.in.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from contract.errors import CrowdLensError
from training.arrays import Image
from training.clip import make_clip
from training.dataset import PLAZA, VARIED, make_dataset
from training.frames import Frame
from training.package import load_detector, write_golden, write_manifest
from training.settings import CACHE, DEMO_FOLDER, PACKAGE_FOLDER, TrainingSettings
from training.trial import clip_trial, golden_frame, held_out_trial, voc_trial

logger = logging.getLogger("training")
TRAINING_PICTURES, TRAINING_PLAZA, HELD_OUT_PICTURES = 12_000, 2_000, 400


def _sheet(frames: Sequence[Frame], *, boxes: bool) -> Image:
    pictures = []
    for frame in frames:
        picture = frame.picture.copy()
        for person in frame.people if boxes else ():
            if person.visible_fraction > 0.1:
                left, top, width, height = (round(value) for value in person.full_box)
                cv2.rectangle(picture, (left, top), (left + width, top + height), (0.0, 255.0, 0.0), 1)
        pictures.append(picture)
    rows = [np.hstack(pictures[start : start + 2]) for start in range(0, len(pictures) - 1, 2)]
    return np.asarray(np.vstack(rows), dtype=np.uint8)


def _render(arguments: argparse.Namespace) -> None:
    kind = PLAZA if arguments.plaza else VARIED
    frames = list(kind.draw(arguments.seed, kind.width, kind.height, 4))
    cv2.imwrite(str(arguments.output), _sheet(frames, boxes=arguments.boxes))
    logger.info("wrote %s", arguments.output)


def _dataset(arguments: argparse.Namespace) -> None:
    settings = TrainingSettings(cache=arguments.cache)
    held_out = arguments.held_out
    wanted = ((VARIED, arguments.pictures, held_out), (PLAZA, arguments.plaza, held_out // 2))
    folders = zip(settings.training_data, settings.validation_data, strict=True)
    for (kind, pictures, held_out_pictures), (training, validation) in zip(wanted, folders, strict=True):
        workers = arguments.workers
        make_dataset(
            validation, kind, pictures=held_out_pictures, first_seed=kind.held_out_seed, workers=workers
        )
        make_dataset(training, kind, pictures=pictures, first_seed=kind.training_seed, workers=workers)


def _train(arguments: argparse.Namespace) -> None:
    from training.train import Trainer  # PyTorch lives in another environment

    changes = {key: getattr(arguments, key) for key in ("minutes", "examples", "threads", "seed")}
    settings = dataclasses.replace(
        TrainingSettings(cache=arguments.cache),
        **{key: value for key, value in changes.items() if value is not None},
    )
    best = Trainer(settings).run()
    logger.info("best held-out AP50 %.4f", best)


def _export(arguments: argparse.Namespace) -> None:
    from training.export import export  # PyTorch lives in another environment

    export(TrainingSettings(cache=arguments.cache).folder / "best.pt", arguments.package / "model.onnx")
    write_manifest(arguments.package)
    write_golden(arguments.package, golden_frame())
    logger.info("wrote the model package %s", arguments.package)


def _clip(arguments: argparse.Namespace) -> None:
    make_clip(arguments.clip)


def _evaluate(arguments: argparse.Namespace) -> None:
    detect = load_detector(arguments.package)
    for folder in TrainingSettings(cache=arguments.cache).validation_data:
        logger.info("%s renders: %s", folder.name, held_out_trial(detect, folder))
    if (arguments.clip / "demo.mp4").exists():
        logger.info("demo clip: %s", clip_trial(detect, arguments.clip))
    if arguments.voc is not None:
        logger.info("photographs, persons: %s", voc_trial(detect, arguments.voc))


def _all(arguments: argparse.Namespace) -> None:
    for step in (_dataset, _train, _export, _clip, _evaluate):
        logger.info("step: %s", step.__name__.strip("_"))
        step(arguments)


def _add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", type=int, default=TRAINING_PICTURES)
    parser.add_argument(
        "--plaza", type=int, default=TRAINING_PLAZA, help="pictures as a fixed camera sees them"
    )
    parser.add_argument("--held-out", type=int, default=HELD_OUT_PICTURES, help="half as many of busy places")
    parser.add_argument("--workers", type=int, default=2, help="rendering processes")


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of pictures and checkpoints")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--minutes", type=float, help="stop after so long; the learning rate is spread over it"
    )
    parser.add_argument("--examples", type=int, help="stop after so many examples")
    parser.add_argument("--threads", type=int, help="PyTorch threads")
    parser.add_argument("--seed", type=int)


def _add_package(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--package", type=Path, default=PACKAGE_FOLDER, help="folder of the model package")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clip", type=Path, default=DEMO_FOLDER, help="folder of the demo clip and its truth"
    )
    parser.add_argument("--voc", type=Path, help="archive of photographs with VOC annotations, to report on")


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    root = argparse.ArgumentParser(
        prog="python -m training", description="Train the shipped person detector."
    )
    commands = root.add_subparsers(dest="command", required=True)
    render = commands.add_parser("render", help="draw four training pictures of one seed into a file")
    render.add_argument("--seed", type=int, default=0)
    render.add_argument("--plaza", action="store_true", help="draw a busy place as a fixed camera sees it")
    render.add_argument("--boxes", action="store_true", help="draw the truth too")
    render.add_argument("output", type=Path)
    render.set_defaults(run=_render)
    dataset = commands.add_parser("dataset", help="render the training and the held-out pictures")
    _add_dataset(dataset)
    _add_cache(dataset)
    dataset.set_defaults(run=_dataset)
    train = commands.add_parser("train", help="train, or go on from the last checkpoint")
    _add_train(train)
    _add_cache(train)
    train.set_defaults(run=_train)
    export = commands.add_parser("export", help="write the model package from the best checkpoint")
    _add_package(export)
    _add_cache(export)
    export.set_defaults(run=_export)
    clip = commands.add_parser("clip", help="render the demo clip and its truth")
    clip.add_argument("--clip", type=Path, default=DEMO_FOLDER, help="folder to write to")
    clip.set_defaults(run=_clip)
    evaluate = commands.add_parser("evaluate", help="measure a model package")
    _add_package(evaluate)
    _add_evaluate(evaluate)
    _add_cache(evaluate)
    evaluate.set_defaults(run=_evaluate)
    whole = commands.add_parser("all", help="dataset, train, export, clip, evaluate")
    _add_dataset(whole)
    _add_train(whole)
    _add_package(whole)
    _add_evaluate(whole)
    _add_cache(whole)
    whole.set_defaults(run=_all)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 after one sentence about what went wrong."""
    chosen = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        chosen.run(chosen)
    except CrowdLensError as error:
        logger.error("%s", error)  # noqa: TRY400  # a user's mistake gets a sentence, not a traceback
        return 2
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "onnx"}:
            raise
        logger.error("this command needs %s: run it with .tools/training/bin/python", error.name)  # noqa: TRY400
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
