"""Recipes keep the rules of both nuclei, and a rule that is broken is told in one sentence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_components.deepstream_bridge.service import BridgeComponent
from edge_components.fleet_agent.component import FleetAgentComponent
from edge_components.local_view.component import LocalView
from edge_components.model_store.component import ModelStoreComponent
from edge_components.publisher.component import PublisherComponent
from edge_components.vision.component import VisionComponent
from infra.bundles import ROOT
from infra.fleet.components import EDGE_COMPONENTS, Component, RecipeError, load_components
from infra.fleet.recipe_check import check_component, recipe_problems

COMPONENTS = load_components()
Recipe = dict[str, Any]


SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 320, height: 240}
zones: [{name: all, polygon: [[0, 0], [320, 0], [320, 240], [0, 240]]}]
classes: [person]
"""


def own_component(name: str) -> Any:
    """Return the component of the folder `name`, as its process makes it."""
    return {
        "deepstream_bridge": BridgeComponent,
        "fleet_agent": FleetAgentComponent,
        "local_view": LocalView,
        "model_store": ModelStoreComponent,
        "publisher": PublisherComponent,
        "vision": VisionComponent,
    }[name]()


def component(name: str) -> Component:
    """Return the first component of ours called `name`."""
    return next(one for one in COMPONENTS if one.name == f"com.crowdlens.{name}")


@pytest.mark.parametrize("ours", [pytest.param(one, id=f"{one.name} {one.version}") for one in COMPONENTS])
def test_our_recipes_keep_the_rules(ours: Component) -> None:
    assert list(recipe_problems(ours)) == []


def test_there_is_a_recipe_of_every_component() -> None:
    folders = {path.parent.name for path in EDGE_COMPONENTS.glob("*/__main__.py")} | {"libraries"}
    assert {one.name for one in COMPONENTS} == {f"com.crowdlens.{folder}" for folder in folders}
    assert sorted(one.version for one in COMPONENTS if one.name.endswith("libraries")) == ["3.10.1", "3.12.1"]


@pytest.mark.parametrize(
    "ours", [pytest.param(one, id=one.name) for one in COMPONENTS if not one.name.endswith("libraries")]
)
def test_a_component_takes_the_configuration_of_its_own_recipe(
    ours: Component, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a recipe sets, its component knows: a key of another spelling would be refused on the device."""
    name = ours.name.rpartition(".")[2]
    if name == "root_helper":
        pytest.skip("it reads none: its recipe passes two names")
    (tmp_path / "site").write_text("seoul-1", encoding="utf-8")
    (tmp_path / "scene.yaml").write_text(SCENE, encoding="utf-8")
    set_by_deployment = {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q", "kittiFolder": "/var/tmp/k"}
    defaults = ours.recipe["ComponentConfiguration"]["DefaultConfiguration"]
    given = {key: value for key, value in set_by_deployment.items() if key in defaults}
    own_component(name).settings({**defaults, "settings": str(tmp_path), **given})


def manifest(recipe: Recipe) -> Recipe:
    found: Recipe = recipe["Manifests"][0]
    return found


def run(recipe: Recipe) -> Recipe:
    found: Recipe = manifest(recipe)["Lifecycle"]["run"]
    return found


def configuration(recipe: Recipe) -> Recipe:
    found: Recipe = recipe["ComponentConfiguration"]["DefaultConfiguration"]
    return found


def grant(recipe: Recipe) -> Recipe:
    service = configuration(recipe)["accessControl"]["aws.greengrass.ipc.mqttproxy"]
    found: Recipe = service["com.crowdlens.vision:mqttproxy:1"]
    return found


BREAKS: list[tuple[str, Callable[[Recipe], Any], str]] = [
    ("another spelling of a key", lambda r: r.update(componenttype="x"), "has componenttype: expected only"),
    ("no publisher", lambda r: r.pop("ComponentPublisher"), "the recipe has no ComponentPublisher"),
    ("a global lifecycle", lambda r: r.update(Lifecycle={}), "the recipe has Lifecycle"),
    (
        "a date for a format",
        lambda r: r.update(RecipeFormatVersion=20200125),
        "expected '2020-01-25' as text",
    ),
    (
        "a space in the name",
        lambda r: r.update(ComponentName="my component"),
        "ComponentName is 'my component'",
    ),
    (
        "two version parts",
        lambda r: r.update(ComponentVersion="1.0"),
        "expected a semantic version like 1.0.0",
    ),
    ("a leading zero", lambda r: r.update(ComponentVersion="1.01.0"), "expected a semantic version"),
    ("a v", lambda r: r.update(ComponentVersion="v1.0.0"), "expected a semantic version"),
    (
        "a plugin",
        lambda r: r.update(ComponentType="aws.greengrass.plugin"),
        "expected aws.greengrass.generic",
    ),
    (
        "the nucleus as a dependency",
        lambda r: r["ComponentDependencies"].update(
            {"aws.greengrass.Nucleus": {"VersionRequirement": "^2.0.0", "DependencyType": "SOFT"}}
        ),
        "expected no such dependency, lite has none",
    ),
    (
        "a loose requirement",
        lambda r: r["ComponentDependencies"]["com.crowdlens.libraries"].update(VersionRequirement="latest"),
        "asks for 'latest'",
    ),
    (
        "a dependency of no kind",
        lambda r: r["ComponentDependencies"]["com.crowdlens.libraries"].pop("DependencyType"),
        "expected HARD or SOFT",
    ),
    (
        "a number in the configuration",
        lambda r: configuration(r).update(threads=1),
        "which is what lite hands over",
    ),
    ("no manifest", lambda r: r.update(Manifests=[]), "Manifests is empty"),
    ("no runtime", lambda r: manifest(r)["Platform"].pop("runtime"), "or lite passes the manifest by"),
    ("another system", lambda r: manifest(r)["Platform"].update(os="windows"), "expected linux"),
    (
        "an unknown machine",
        lambda r: manifest(r)["Platform"].update(architecture="arm64"),
        "expected aarch64",
    ),
    ("nothing to do", lambda r: manifest(r).update(Lifecycle={}), "has an empty Lifecycle"),
    (
        "a shutdown step",
        lambda r: manifest(r)["Lifecycle"].update(shutdown={"Script": "true", "Timeout": 5}),
        "step shutdown is not known to nucleus lite",
    ),
    (
        "a script as text",
        lambda r: manifest(r)["Lifecycle"].update(run="true"),
        "step run is 'true': expected a mapping",
    ),
    (
        "run and startup",
        lambda r: manifest(r)["Lifecycle"].update(startup={"Script": "true", "Timeout": 5}),
        "both run and startup",
    ),
    ("a condition", lambda r: run(r).update(Skipif="onpath python3"), "step run has Skipif"),
    ("root", lambda r: run(r).update(RequiresPrivilege=True), "asks for root"),
    (
        "another version for the process",
        lambda r: run(r)["Setenv"].update(CROWDLENS_VERSION="0.9.0"),
        "sets CROWDLENS_VERSION to '0.9.0': expected 1",
    ),
    ("no script", lambda r: run(r).update(Script=" "), "step run has no Script"),
    ("a limit on what runs", lambda r: run(r).update(Timeout=60), "step run has a Timeout"),
    (
        "no limit on an installation",
        lambda r: manifest(r)["Lifecycle"].update(install={"Script": "true"}),
        "step install has Timeout None: expected 1 to 14400 seconds",
    ),
    (
        "a limit of a day",
        lambda r: manifest(r)["Lifecycle"].update(install={"Script": "true", "Timeout": 86_400}),
        "step install has Timeout 86400",
    ),
    ("a brace of the shell", lambda r: run(r).update(Script="echo ${HOME}"), "has a brace in its Script"),
    (
        "a variable in the script",
        lambda r: run(r).update(Script="ls {work:path}"),
        "has a brace in its Script",
    ),
    ("pip from the internet", lambda r: run(r).update(Script="pip install numpy"), "nothing to be fetched"),
    ("a download", lambda r: run(r).update(Script="curl -O x; run"), "says 'curl'"),
    ("a very long script", lambda r: run(r).update(Script="x" * 10_001), "longer than 10000 bytes"),
    ("a number in the environment", lambda r: run(r)["Setenv"].update(N=1), "sets N to 1: expected a name"),
    ("a dash in a variable", lambda r: run(r)["Setenv"].update({"A-B": "x"}), "sets A-B to 'x'"),
    (
        "a variable of classic alone",
        lambda r: run(r)["Setenv"].update(X="{com.example:artifacts:path}"),
        "a recipe variable that both nuclei know",
    ),
    (
        "a configuration that is not there",
        lambda r: run(r)["Setenv"].update(X="{configuration:/colour}"),
        "expected a key of DefaultConfiguration",
    ),
    (
        "a folder that no archive unpacks to",
        lambda r: run(r)["Setenv"].update(X="{artifacts:decompressedPath}/code"),
        "below 'code': expected vision",
    ),
    (
        "an artifact of another version",
        lambda r: manifest(r)["Artifacts"][0].update(Uri="s3://BUCKET_NAME/components/x/1.0.0/vision.zip"),
        "artifact 's3://BUCKET_NAME/components/x/1.0.0/vision.zip'",
    ),
    ("an archive left whole", lambda r: manifest(r)["Artifacts"][0].update(Unarchive="NONE"), "expected ZIP"),
    (
        "an artifact that all may run",
        lambda r: manifest(r)["Artifacts"][0].update(Permission={"Read": "ALL", "Execute": "ALL"}),
        "expected Read OWNER, Execute NONE",
    ),
    ("an archive nobody names", lambda r: manifest(r).update(Artifacts=[]), "no manifest names vision.zip"),
    (
        "an unknown service",
        lambda r: configuration(r).update(accessControl={"x": {}}),
        "accessControl names x",
    ),
    ("every topic", lambda r: grant(r).update(resources=["*"]), "expected {iot:thingName} as one level"),
    (
        "the name as a part of a level",
        lambda r: grant(r).update(resources=["crowdlens/{iot:thingName}*/alerts"]),
        "expected {iot:thingName} as one level",
    ),
    (
        "a wildcard that lite refuses",
        lambda r: grant(r).update(resources=["a/{iot:thingName}/?"]),
        "expected neither ?, # nor **",
    ),
    (
        "a variable in a grant",
        lambda r: grant(r).update(resources=["{configuration:/site}/{iot:thingName}"]),
        "expected no variable but {iot:thingName}",
    ),
    ("every operation", lambda r: grant(r).update(operations=["*"]), "grants *: expected one of"),
    ("no resources", lambda r: grant(r).update(resources=[]), "has no resources"),
    ("no description", lambda r: grant(r).pop("policyDescription"), "expected operations, policyDescription"),
    (
        "an operation in two policies",
        lambda r: grant(r).update(operations=["aws.greengrass#SubscribeToIoTCore"]),
        "stands in 2 policies",
    ),
    (
        "grants beyond lite's memory",
        lambda r: grant(r).update(resources=[f"{'x' * 200}/{{iot:thingName}}/{n}" for n in range(15)]),
        "longer than 3000 bytes",
    ),
    (
        "a policy named after another component",
        lambda r: configuration(r)["accessControl"]["aws.greengrass.ipc.mqttproxy"].update(
            {"com.crowdlens.publisher:mqttproxy:1": grant(r)}
        ),
        "is not named com.crowdlens.vision:mqttproxy:N",
    ),
    (
        "a very long description",
        lambda r: r.update(ComponentDescription="x" * 16_000),
        "longer than 16000 bytes",
    ),
]


@pytest.mark.parametrize(
    ("break_it", "sentence"), [pytest.param(case[1], case[2], id=case[0]) for case in BREAKS]
)
def test_a_rule_that_is_broken_is_told(break_it: Callable[[Recipe], Any], sentence: str) -> None:
    recipe = copy.deepcopy(dict(component("vision").recipe))
    break_it(recipe)
    with pytest.raises(RecipeError) as caught:
        check_component(replace(component("vision"), recipe=recipe))
    assert sentence in str(caught.value)


ROOT_BREAKS: list[tuple[str, Callable[[Recipe], Any], str]] = [
    (
        "libraries that another user may write",
        lambda r: r.update(
            ComponentDependencies={"x": {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}}
        ),
        "has dependencies: expected none",
    ),
    ("a path from the cloud", lambda r: configuration(r).update(folder="/etc"), "has configuration folder"),
    ("an interpreter that looks around", lambda r: run(r).update(Script="exec python3 x"), "python3 -I"),
    ("a path of modules", lambda r: run(r)["Setenv"].update(PYTHONPATH="/tmp"), "sets PYTHONPATH"),
]


@pytest.mark.parametrize(
    ("break_it", "sentence"), [pytest.param(case[1], case[2], id=case[0]) for case in ROOT_BREAKS]
)
def test_a_rule_that_the_root_component_breaks_is_told(
    break_it: Callable[[Recipe], Any], sentence: str
) -> None:
    recipe = copy.deepcopy(dict(component("root_helper").recipe))
    break_it(recipe)
    assert sentence in "; ".join(recipe_problems(replace(component("root_helper"), recipe=recipe)))


def test_the_root_component_imports_nothing_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "helper.py"
    path.write_text("import numpy\nfrom contract.errors import CrowdLensError\n", encoding="utf-8")
    (archive,) = component("root_helper").archives
    changed = replace(component("root_helper"), archives=(replace(archive, members={"x.py": path}),))
    said = "; ".join(recipe_problems(changed))
    assert "x.py imports numpy as root" in said
    assert "x.py imports contract.errors as root" in said


def test_a_file_that_is_no_recipe_is_named(tmp_path: Any) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for text, sentence in (
        ("a: [", "is no YAML"),
        ("- a", "is no mapping"),
        ("ComponentName: x", "no ComponentName or ComponentVersion"),
    ):
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(RecipeError, match=sentence):
            load_components(tmp_path)


@pytest.mark.parametrize("ours", [pytest.param(one, id=f"{one.name} {one.version}") for one in COMPONENTS])
def test_every_key_of_a_recipe_is_told(ours: Component) -> None:
    told = (ROOT / "docs" / "components.md").read_text(encoding="utf-8")
    keys = ours.recipe["ComponentConfiguration"]["DefaultConfiguration"].keys() - {"accessControl"}
    assert [key for key in sorted(keys) if f"`{key}`" not in told] == []
    assert f"`{ours.name.rpartition('.')[2]}`" in told
