"""The price file: every price dated and with its source, and a file that is not one refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.cost.prices import NOT_COMPARED, PRICE_FILE, PriceFileError, price_list, read_prices


@pytest.mark.parametrize("name", sorted(price_list().prices))
def test_every_price_says_what_it_is_of_and_where_and_when_it_was_read(name: str) -> None:
    price = price_list().prices[name]

    assert price.service
    assert price.unit
    assert urlsplit(price.page).hostname == "aws.amazon.com"
    assert set(price.regions) >= {"us-east-1", "ap-northeast-2"}
    for region in price.regions.values():
        assert region.usd > 0
        assert date(2026, 1, 1) <= region.date <= price_list().read_on
        assert region.source == NOT_COMPARED or urlsplit(region.source).scheme == "https"


def test_a_price_is_that_of_one_unit() -> None:
    assert price_list().prices["sqs_request"].regions["us-east-1"].usd == pytest.approx(0.4e-6)
    assert price_list().prices["kms_key_month"].regions["us-east-1"].usd == 1.0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param("    unit: GET\n", "", "price s3_get: expected service, unit", id="no unit"),
        pytest.param("usd: 0.023,", "usd: cheap,", "price s3_gb_month: expected", id="no number"),
        pytest.param(
            "  lambda_request: {amount", "  breakfast: {amount", "always_free has breakfast", id="free what"
        ),
    ],
)
def test_a_file_that_is_not_well_formed_is_told(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    text = PRICE_FILE.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / "prices.yaml"
    changed.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(PriceFileError, match=sentence):
        read_prices(changed)
