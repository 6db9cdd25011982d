"""The actions of `crowdlens models` that speak to the artifacts bucket, and that makes golden checks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.cloud import add_account_arguments, add_stage_arguments, artifacts_bucket, check_account, s3_client
from cli.model_location import find_model
from cli.output import print_json, say, table

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_actions(actions: _SubParsersAction[Any]) -> None:
    """Add `push`, `versions` and `golden`."""
    push = actions.add_parser("push", help="publish a package as a version that devices can be given")
    push.add_argument("package", help="package folder, or the name of a model at hand")
    push.add_argument("--version", dest="model_version", help="its version (default: model.yaml's)")
    push.add_argument("--sign", type=Path, metavar="KEY.pem", help="private RSA key to sign it with")
    push.add_argument(
        "--accuracy",
        action="append",
        default=[],
        metavar="PRECISION=FIGURE",
        help="measured accuracy, 0 to 1, of fp32, fp16 or int8: devices use int8 only when it loses little",
    )
    push.add_argument("--dry-run", action="store_true", help="check and say what would be uploaded")
    push.set_defaults(execute=_push)
    versions = actions.add_parser("versions", help="list the published versions, newest first")
    versions.add_argument("name", nargs="?", help="only those of this model")
    versions.set_defaults(execute=_versions)
    for action in (push, versions):
        add_stage_arguments(action)
        add_account_arguments(action, control_table=False)
    golden = actions.add_parser("golden", help="make the golden check of a package from a picture")
    golden.add_argument("package", type=Path, help="package folder")
    golden.add_argument("--picture", type=Path, required=True, help="what it shows the model must find")
    golden.set_defaults(execute=_golden)
    for action in (push, versions, golden):
        action.add_argument("--json", action="store_true", help="print JSON")


def _push(arguments: argparse.Namespace) -> int:
    from cli.model_push.bucket import push
    from cli.model_push.package import check_package, parse_accuracy, refuse_tao
    from cli.model_push.signing import PrivateKey

    if not arguments.dry_run:
        check_account(arguments.region)
    refuse_tao(Path(arguments.package))
    package = check_package(
        find_model(arguments.package), arguments.model_version, parse_accuracy(arguments.accuracy)
    )
    key = PrivateKey.read(arguments.sign) if arguments.sign else None
    model = str(package.manifest.reference)
    say(f"{model}: {package.note}")
    is_new, is_signed = False, key is not None
    if not arguments.dry_run:
        pushed = push(s3_client(arguments.region), artifacts_bucket(arguments), package, key, say)
        is_new, is_signed = pushed.is_new, pushed.is_signed
    result = {
        "model": model,
        "bytes": package.manifest.size_bytes,
        "signed": is_signed,
        "state": "dry run" if arguments.dry_run else ("pushed" if is_new else "there already"),
    }
    if arguments.json:
        print_json(result)
        return 0
    print(f"{model}: {result['state']}, {package.manifest.size_bytes / 1e6:.1f} MB")
    if not arguments.dry_run:
        say(f"to give it to a group: deploy the stage's components with -c models=GROUP={model}")
    return 0


def _versions(arguments: argparse.Namespace) -> int:
    from cli.model_push.bucket import versions

    check_account(arguments.region)
    found = versions(s3_client(arguments.region), artifacts_bucket(arguments), arguments.name)
    if arguments.json:
        print_json(
            [
                {
                    "model": one.model,
                    "published_at": one.published_at,
                    "signed": one.is_signed,
                    "bytes": one.manifest.size_bytes if one.manifest else None,
                    "accuracy": dict(one.manifest.accuracy) if one.manifest else {},
                    "problem": one.problem,
                }
                for one in found
            ]
        )
        return 1 if any(one.problem for one in found) else 0
    rows = [
        (
            one.model,
            one.published_at,
            f"{one.manifest.size_bytes / 1e6:.1f} MB" if one.manifest else "-",
            "signed" if one.is_signed else "-",
            one.problem or ", ".join(f"{name} {value:g}" for name, value in _accuracy(one.manifest)) or "-",
        )
        for one in found
    ]
    print(table(("model", "published", "size", "signature", "accuracy"), rows))
    return 1 if any(one.problem for one in found) else 0


def _accuracy(manifest: Any) -> list[tuple[str, float]]:
    return sorted(manifest.accuracy.items()) if manifest else []


def _golden(arguments: argparse.Namespace) -> int:
    from edge_components.runtime.inference.golden import check_golden, write_golden

    write_golden(arguments.package, arguments.picture)
    outcome = check_golden(arguments.package, engine=None, provider="cpu")
    if arguments.json:
        print_json(vars(outcome))
    else:
        print(f"{arguments.package}: golden.png and golden.json written, {outcome.milliseconds:.1f} ms")
    return 0 if outcome.passed else 1
