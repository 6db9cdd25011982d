from __future__ import annotations

import json

import pytest

from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.visual_cards import script_json


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", {}, "<b>", Html("<i>x</i>")) == "<p>&lt;b&gt;<i>x</i></p>"
    assert join(["a & b", Html("&amp;")]) == "a &amp; b&amp;"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param('"><script>', '<p title="&quot;&gt;&lt;script&gt;"></p>', id="a quote cannot leave"),
        pytest.param(None, "<p></p>", id="none is left out"),
        pytest.param(False, "<p></p>", id="false is left out"),
        pytest.param(True, "<p title></p>", id="true stands alone"),
        pytest.param(0, '<p title="0"></p>', id="zero is a value"),
    ],
)
def test_attributes(value: str | int | bool | None, expected: str) -> None:
    assert element("p", {"title": value}) == expected


def test_void_elements_have_no_end() -> None:
    assert element("img", {"alt": "x"}) == '<img alt="x">'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain", "plain", id="english only"),
        pytest.param("Zone 구역", 'Zone <span lang="ko">구역</span>', id="korean run"),
        pytest.param("구역 <b>", '<span lang="ko">구역</span> &lt;b&gt;', id="escaped around korean"),
    ],
)
def test_korean_is_marked_as_korean(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("In · 들어옴", 'In <span lang="ko" class="ko">들어옴</span>', id="both languages"),
        pytest.param("a · b", "a · b", id="a dot in a name"),
        pytest.param(
            "<x> · <구역>", '&lt;x&gt; <span lang="ko" class="ko">&lt;구역&gt;</span>', id="escaped"
        ),
    ],
)
def test_labels_set_the_korean_half_apart(text: str, expected: str) -> None:
    assert label(text) == expected


def test_json_cannot_end_its_script_element() -> None:
    text = script_json(json.dumps({"name": "</script><script>alert(1)</script>"}))
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><script>alert(1)</script>"}
