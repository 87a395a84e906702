"""The dashboard, the alerts and the operators' page name figures that exist, with labels and values that they have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.models import JobError, JobState
from bot.services.throttling.throttle import PAUSE_REASONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.seen import Seen
    from tests.support.workshop import Workshop

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD, ALERTS, PAGE = "operate/grafana-dashboard.json", "operate/alerts.yml", "operators.md"
TEXTS = {name: (DOCS / name).read_text("utf-8") for name in (DASHBOARD, ALERTS, PAGE)}
VALUES = {
    "state": {state.value for state in JobState},
    "reason": {error.value for error in JobError} | {reason.value for reason in PAUSE_REASONS},
    "kind": {"unexpected"},
    "step": {"submit", "poll", "deliver"},
    "period": {"day", "month"},
}
"""What may stand for a label; those of steps are seen in the figures as well."""

PROMETHEUS_OWN = {"instance", "job", "le"}

_NAME = re.compile(r"\b(?:reelay|process)_[a-z0-9_]+")
_OF_HISTOGRAM = re.compile(r"_(bucket|count|sum)$")
_BY = re.compile(r"\bby \(([^)]*)\)")
_SELECTOR = re.compile(r"(\w+)\s*\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*[!=]=?~?\s*"([^"]*)"')


def expressions(thing: Any) -> Iterator[str]:  # noqa: ANN401 (of JSON)
    """Give all PromQL of a dashboard."""
    if isinstance(thing, dict):
        yield from (thing[key] for key in ("expr", "definition") if key in thing)
        for value in thing.values():
            yield from expressions(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from expressions(value)


def rules(text: str) -> list[str]:
    """Give the rules of the alerts, each with all that belongs to it."""
    return text.split("- alert: ")[1:]


@pytest.fixture
async def labels(seen: Seen, workshop: Workshop) -> dict[str, dict[str, set[str]]]:
    """Give the labels' values of all figures there can be, by name, once a clip was made."""
    await workshop.accept(seen.process)
    await workshop.run_until_idle(seen.process)
    found: dict[str, dict[str, set[str]]] = {}
    for family in (await seen.families()).values():
        found.setdefault(family.name, {})
        for sample in family.samples:
            of_name = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                of_name.setdefault(label, set()).add(value)
    return found


@pytest.mark.parametrize("name", TEXTS)
async def test_every_figure_that_is_named_exists(name: str, labels: dict[str, dict[str, set[str]]]) -> None:
    named = set(_NAME.findall(TEXTS[name]))

    assert len(named) > 20
    assert named - set(labels) == set()


async def test_every_label_that_is_asked_for_exists(labels: dict[str, dict[str, set[str]]]) -> None:
    asked = "\n".join([*expressions(json.loads(TEXTS[DASHBOARD])), TEXTS[ALERTS]])
    matchers = {
        (name, label, value)
        for name, selector in _SELECTOR.findall(asked)
        for label, values in _MATCHER.findall(selector)
        for value in values.split("|")
        if label not in PROMETHEUS_OWN
    }
    grouped = {label.strip() for by in _BY.findall(asked) for label in by.split(",")}

    assert len(matchers) > 15
    assert {it for it in matchers if it[1] not in labels[it[0]]} == set()
    assert {it for it in matchers if it[2] not in VALUES[it[1]]} == set()
    assert labels["reelay_step_seconds_bucket"]["step"] >= VALUES["step"]
    assert grouped - PROMETHEUS_OWN - {label for of_name in labels.values() for label in of_name} == set()


async def test_operators_page_and_dashboard_leave_no_figure_out(labels: dict[str, dict[str, set[str]]]) -> None:
    own = {_OF_HISTOGRAM.sub("", name) for name in labels if not name.endswith("_created")}
    own = {name for name in own if name.startswith("reelay_")} - {"reelay_refusals", "reelay_discord_rate_limited"}
    for text in (TEXTS[PAGE], TEXTS[DASHBOARD]):
        assert own - {_OF_HISTOGRAM.sub("", name) for name in _NAME.findall(text)} == set()


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    alerts = rules(TEXTS[ALERTS])

    assert len(alerts) > 15
    for alert in alerts:
        parts = re.findall(r"^\s+(expr|severity|summary|description):|\b(severity):", alert, re.MULTILINE)
        assert {first or second for first, second in parts} == {"expr", "severity", "summary", "description"}, alert


def test_every_panel_has_words_of_its_own_and_a_source_that_can_be_chosen() -> None:
    dashboard = json.loads(TEXTS[DASHBOARD])
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]

    assert dashboard["templating"]["list"][0]["type"] == "datasource"
    for panel in panels:
        assert panel["description"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
    assert len({panel["title"] for panel in panels}) == len(panels)
