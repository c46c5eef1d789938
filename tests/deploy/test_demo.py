"""`make demo` as a whole: it starts, keeps its data, and leaves no process behind, however it ends. In this order."""

import gettext
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.demo_stack import ROOT, DemoStack
from tests.processes import descendants, has_ended

pytestmark = pytest.mark.own_database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all: the first start makes the data, the others find them made."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first_output(folder: Path) -> str:
    with DemoStack(folder) as demo:
        pass
    return demo.output  # only now: whole


@pytest.fixture(scope="module")
def second_start(folder: Path, first_output: str) -> Iterator[DemoStack]:
    with DemoStack(folder) as demo:
        yield demo


JAPANESE = gettext.translation("django", ROOT / "locale", ["ja"])


def rows_of(table: str, folder: Path) -> int:
    with sqlite3.connect(folder / "portal.sqlite3") as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  # a name from below


def test_it_tells_who_to_sign_in_as_in_both_languages(first_output):
    for name in ("Alice Aoki", "Bob Baba", "Carol Chiba", "Dan Date", "Eve Endo"):
        assert first_output.count(f"    {name} ") == 2


def test_it_says_what_to_do_next_in_both_languages(first_output, folder):
    for text in ("What to do next", "1. Sign in as Alice", "次にすること", "1. Alice でサインイン"):
        assert text in first_output
    assert first_output.count(str(folder / "mail")) == 2
    for page in ("Machines", "Approvals", "Audit"):  # as the pages call them
        assert f'"{page}"' in first_output
        assert f"「{JAPANESE.gettext(page)}」" in first_output


def test_it_serves_pages_with_their_style_sheets(second_start):
    page = requests.get(f"{second_start.url}/sign-in", timeout=10).text
    style_sheet = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    assert requests.get(f"{second_start.url}{style_sheet}", timeout=10).headers["Content-Type"].startswith("text/css")


def test_it_seeds_machines_and_grants_once(second_start, folder, first_output):
    assert "Granted" in first_output
    assert "Granted" not in second_start.output
    assert rows_of("reimage_accessgrant", folder) == 3
    assert rows_of("reimage_virtualmachine", folder) == 60


def test_a_taken_port_is_told_with_the_variable_to_set(second_start, tmp_path):
    port = second_start.url.rpartition(":")[2]
    refusal = f"Port {port} is taken by another program.*make demo DEMO_PORT="
    with pytest.raises(RuntimeError, match=refusal), DemoStack(tmp_path, DEMO_PORT=port):
        pass


def test_two_demos_cannot_share_a_folder(second_start, folder):
    with pytest.raises(RuntimeError, match=f"Another demo runs on {folder}"), DemoStack(folder):
        pass


def test_it_ends_without_leaving_a_process(second_start):
    processes = descendants(second_start.pid)
    for part in ("-m sandbox", "-m gunicorn", " worker ", " beat "):
        assert any(part in command for command in processes.values()), part
    assert second_start.end() == 0
    assert all(has_ended(pid) for pid in processes)


def test_when_one_process_dies_all_end_and_it_is_named(folder, first_output):
    with DemoStack(folder) as demo:
        processes = descendants(demo.pid)
        os.kill(next(pid for pid, command in processes.items() if " worker " in command), signal.SIGKILL)
        assert demo.wait() == 1
    assert "worker ended with exit code -9" in demo.output
    assert all(has_ended(pid) for pid in processes)


def test_a_demo_that_is_killed_outright_leaves_no_process(folder, first_output):
    with DemoStack(folder) as demo:
        processes = descendants(demo.pid)
        demo.end(signal.SIGKILL)
    assert all(has_ended(pid) for pid in processes)
