"""The house: how large files and folders may be, who imports whom, and that docs and comments name what there is."""

from __future__ import annotations

import ast
import re
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from bot.models import JobState
from bot.models.brainstorms import RoundState

ROOT = Path(__file__).resolve().parents[1]
MIGRATIONS = ROOT / "bot" / "store" / "migrations" / "versions"
LINES_MAX = 350
FILES_MAX = 14
CODE = [path for folder in ("bot", "cogs") for path in sorted((ROOT / folder).rglob("*.py"))]
TESTS = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_IN_BACKTICKS = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_NAME_IN_FILE = re.compile(r"`(\w+)` in `([\w./-]+\.py)`")
_FILE_IN_DOCSTRING = re.compile(r"``([\w/]+\.py)``")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TASK = re.compile(r"uv run poe (\w+)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_ROOTS = ("bot/", "cogs/", "tests/", "docs/", ".ci/")
_SUFFIXES = (".py", ".md", ".toml", ".yaml", ".yml")
_ELSEWHERE = re.compile(
    r"\.\./shared|\bthe issue\b|\bthe design\b|\bcontract\b|\b(design|style|toapis-contract|discord-notes)\.md\b",
    re.IGNORECASE,
)
"""Documents that a reader of the repository does not have; what is known of the video service has a page of its own."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# How large ---------------------------------------------------------------------------------------


def test_no_file_is_too_long_to_be_read_in_one_go() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in CODE if path.parent != MIGRATIONS}

    assert {path: lines for path, lines in lengths.items() if lines > LINES_MAX} == {}


def test_no_folder_holds_more_files_than_can_be_seen_at_a_glance() -> None:
    folders = {path.parent for path in CODE if path.parent != MIGRATIONS}
    counts = {name(folder): sum(path.is_file() for path in folder.iterdir()) for folder in folders}

    assert {folder: count for folder, count in counts.items() if count > FILES_MAX} == {}


# Who imports whom ------------------------------------------------------------------------------


def test_no_files_import_one_another_in_a_circle() -> None:
    """Imports for types count, too: a reader follows them as well."""
    graph = grimp.build_graph("bot", "cogs")
    sorter = TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules})

    circle: list[str] = []
    try:
        sorter.prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))

    assert circle == []


# The docs ----------------------------------------------------------------------------------------


def paths_in(text: str) -> set[str]:
    """Return what stands in backticks and looks like a path of the repository."""
    words = (word.rstrip("/") for code in _IN_BACKTICKS.findall(_FENCED.sub("", text)) for word in code.split())
    return {
        word
        for word in words
        if word.startswith(_ROOTS) or (word.endswith(_SUFFIXES) and re.fullmatch(r"[\w./-]+", word))
    }


@pytest.mark.parametrize("doc", DOCS, ids=name)
def test_every_path_the_docs_name_is_there(doc: Path) -> None:
    missing = {
        path
        for path in paths_in(doc.read_text("utf-8"))
        if not any(ROOT.glob(re.sub(r"<\w+>", "*", path))) and not (doc.parent / path).exists()
    }

    assert missing == set()


def test_the_readme_leads_to_the_first_clip_on_its_first_screen_and_then_says_what_it_does_and_never_does() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    steps = ["uv run python -m bot demo", "## What it does", "## What it never does", "## Run it"]

    places = [lines.index(step) for step in steps]
    assert places == sorted(places)
    assert places[0] < 20


def test_every_picture_of_the_docs_is_made_by_the_script() -> None:
    made = set(re.findall(r'_take\("([\w-]+)"', (ROOT / "tests" / "pictures.py").read_text("utf-8")))
    shown = {Path(link).stem for doc in DOCS for link in _LINK.findall(doc.read_text("utf-8")) if link.endswith(".png")}

    assert made == shown == {path.stem for path in (ROOT / "docs" / "images").iterdir()}


@pytest.mark.parametrize("doc", DOCS, ids=name)
def test_every_name_the_docs_look_for_in_a_file_is_in_it(doc: Path) -> None:
    missing = {
        (word, path)
        for word, path in _NAME_IN_FILE.findall(doc.read_text("utf-8"))
        if not re.search(rf"\b{word}\b", (ROOT / path).read_text("utf-8"))
    }

    assert missing == set()


@pytest.mark.parametrize("doc", DOCS, ids=name)
def test_every_link_within_the_docs_leads_somewhere(doc: Path) -> None:
    links = [link for link in _LINK.findall(doc.read_text("utf-8")) if not link.startswith("http")]
    broken: list[str] = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (doc.parent / path) if path else doc
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {path.name for path in folder.glob("*.md")} - {"README.md"}

    assert pages == {link for link in _LINK.findall((folder / "README.md").read_text("utf-8")) if "/" not in link}


def test_every_short_command_the_docs_name_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["poe"]["tasks"].keys()
    named = {task for doc in DOCS for task in _TASK.findall(doc.read_text("utf-8"))}

    assert {"check", "test", "fast", "demo"} <= named <= declared


def test_the_diagrams_of_a_jobs_and_of_a_brainstorms_life_have_every_state_and_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    states = [
        set(re.findall(r"\b[a-z]+\b(?= -->)|(?<=--> )\b[a-z]+\b", diagram))
        for diagram in re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL)
    ]

    assert states == [set(map(str, JobState)), set(map(str, RoundState))]


def test_the_docs_refer_to_nothing_outside_the_repository() -> None:
    assert {name(doc): found for doc in DOCS if (found := elsewhere(doc))} == {}


def elsewhere(path: Path) -> list[str]:
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    return [f"{number}: {line.strip()}" for number, line in lines if _ELSEWHERE.search(line)]


# Docstrings and comments -------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["bot", "cogs", "tests"])
def test_code_refers_to_nothing_outside_the_repository(folder: str) -> None:
    files = [path for path in (*CODE, *TESTS) if path.is_relative_to(ROOT / folder)]

    assert {name(path): found for path in files if (found := elsewhere(path))} == {}


@pytest.mark.parametrize("folder", ["bot", "cogs", "tests"])
def test_every_file_a_docstring_names_is_there(folder: str) -> None:
    there = [f"/{name(path)}" for path in (*CODE, *TESTS)]
    missing: set[tuple[str, str]] = set()
    for path in (*CODE, *TESTS):
        if path.is_relative_to(ROOT / folder):
            named = _FILE_IN_DOCSTRING.findall("\n".join(docstrings_of(path)))
            missing |= {(name(path), file) for file in named if not any(it.endswith(f"/{file}") for it in there)}

    assert missing == set()


def docstrings_of(path: Path) -> list[str]:
    """Return the texts that stand alone: docstrings, and those under a constant or an attribute."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    values = (node.value for node in nodes if isinstance(node, ast.Expr))
    return [it.value for it in values if isinstance(it, ast.Constant) and isinstance(it.value, str)]
