"""The component's configuration, as classic and lite hand it out."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from contract.model_manifest import ModelReference
from edge_components.model_store.settings import settings_of
from edge_components.runtime.component_config import ComponentConfigError
from infra.bundles import ROOT

BUCKET = {"artifactsBucket": "b"}


def test_the_recipes_defaults_are_taken() -> None:
    recipe = yaml.safe_load((ROOT / "edge_components/model_store/recipe.yaml").read_text("utf-8"))
    settings = settings_of(recipe["ComponentConfiguration"]["DefaultConfiguration"])
    assert (settings.model, settings.engine, settings.precision) == (None, "auto", "fp16")
    assert (settings.maximum_bytes, settings.build_seconds) == (4 * 1024**3, 3600.0)
    assert (settings.signing_key, settings.models) == (None, ())


def test_text_stands_for_numbers() -> None:
    given = {**BUCKET, "model": "people@2", "maximumBytes": "100000000", "int8MaximumLoss": "0.01"}
    settings = settings_of(given)
    assert (settings.model, settings.maximum_bytes) == (ModelReference("people", "2"), 100_000_000)
    assert settings.int8_maximum_loss == 0.01


@pytest.mark.parametrize(
    "models",
    [
        pytest.param(["faces@1", "people@2"], id="a-list"),
        pytest.param("faces@1, people@2,", id="text-as-on-lite"),
        pytest.param("faces@1,people@2,faces@1", id="named-twice"),
    ],
)
def test_models_of_projects_are_named(models: Any) -> None:
    settings = settings_of({**BUCKET, "models": models})
    assert list(map(str, settings.models)) == ["faces@1", "people@2"]


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        pytest.param({"model": "people@1"}, "artifactsBucket is missing", id="no-bucket"),
        pytest.param({**BUCKET, "model": "people"}, "expected NAME@VERSION", id="no-version"),
        pytest.param({"precision": "int4"}, "expected one of fp32, fp16, int8", id="precision"),
        pytest.param({"engine": "yes"}, "expected one of auto, optional, never", id="engine"),
        pytest.param({"maximumBytes": "1000"}, "maximumBytes is '1000'", id="too-small-a-store"),
        pytest.param({"buildMinutes": "0"}, "buildMinutes is '0'", id="no-time"),
        pytest.param({"models": "people@1"}, "artifactsBucket is missing", id="no-bucket-for-the-list"),
        pytest.param({**BUCKET, "models": "people"}, "expected NAME@VERSION", id="no-version-in-the-list"),
        pytest.param({"modell": "people@1"}, "key modell is not known", id="misspelt"),
    ],
)
def test_a_wrong_value_is_one_sentence(configuration: dict[str, Any], text: str) -> None:
    with pytest.raises(ComponentConfigError) as refused:
        settings_of(configuration)
    assert text in str(refused.value)
