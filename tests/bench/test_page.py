"""The bench's page: bars of the right lengths, well-formed, and nothing from elsewhere."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.bench.rows import HEADER, row
from toolchain.bench import Comparison, render_page
from toolchain.bench.bars import BAR_WIDTH, LABEL_WIDTH, Value, grouped, stacked
from toolchain.bench.comparison import Contender
from toolchain.bench.table import make_table

STAGES = {"front end": 10, "conv1": 60, "head": 30}
COUNTED = {"instructions_per_second_of_audio": 100, "instructions_per_mac": 0.5, "stages": STAGES}
TABLE = make_table(HEADER, [row("a", flash_bytes=24_000, ram_static_bytes=12_000, **COUNTED), row("<b>")])
FIGURES = {"instructions_per_mac": 2.0, "flash_bytes": 12_000}
PLAIN = Contender(target="a", model="wav2small-17k", engine="plain", build_id="ab", **FIGURES)
COMPARISON = Comparison(header=HEADER, versions={"bakenn": "1.0.0"}, contenders=(PLAIN,))


def test_the_longest_bar_is_as_wide_as_the_chart_and_the_others_in_proportion():
    chart = grouped("x", {"a": [Value("ours", 1, "1"), Value("plain", 4, "4")], "b": [Value("ours", 0, "0")]})
    assert [bar.width for bar in chart.bars] == [BAR_WIDTH / 4, BAR_WIDTH, 0]
    assert [bar.y for bar in chart.bars] == sorted(bar.y for bar in chart.bars)
    assert [label.text for label in chart.labels] == ["a", "b"]
    assert chart.height > chart.bars[-1].y + chart.bar_height


def test_the_parts_of_a_stacked_bar_fill_it():
    chart = stacked("x", {"a": STAGES}, {"a": "100"})
    assert chart.bars[0].x == LABEL_WIDTH
    for left, right in zip(chart.bars, chart.bars[1:], strict=False):
        assert right.x == pytest.approx(left.x + left.width, abs=0.02)
    assert sum(bar.width for bar in chart.bars) == pytest.approx(BAR_WIDTH, abs=0.02)
    assert [bar.figure for bar in chart.bars] == ["", "", "100"]


def test_the_page_shows_rows_and_contenders():
    page = render_page(TABLE, COMPARISON)
    charts = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)]
    assert len(charts) == 4
    kinds = [[bar.get("class") for bar in chart.iter("rect")] for chart in charts]
    assert kinds == [["ours", "plain"], ["front-end", "conv1", "head"], ["ours", "plain"], ["ours"]]
    figures = [text.text for chart in charts for text in chart.iter("text")]
    assert {"0.50", "2.00", "24.0 KB", "12.0 KB"} <= set(figures)
    for kind in {kind for chart in kinds for kind in chart}:
        assert f".{kind} {{ fill:" in page
    assert "bakenn" in page
    assert not re.search(r"(?:href|src|url)\s*[=(]", page)


def test_names_are_escaped_and_a_comparison_is_not_needed():
    strange = make_table(HEADER, [row("<b>", flash_bytes=1)])
    page = render_page(strange, None)
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
