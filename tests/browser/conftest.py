"""A real Chromium for the tests in this folder.

Where there is none, they are skipped and the end of the run says so loudly; under CI they fail.
"""

import os
from pathlib import Path

import pytest

from tests.browser import chromium

HERE = Path(__file__).parent
# Playwright's event loop runs in the test's own thread, where Django would refuse the database for being async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder `browser`, so that it can be left out by -m."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(autouse=True, scope="session")
def _a_chromium_is_there() -> None:
    if chromium.is_available():
        return
    if os.environ.get("CI"):
        pytest.fail(chromium.ABSENT)
    pytest.skip(chromium.ABSENT)


@pytest.fixture(scope="session")
def base_url() -> str:
    """None: a test names the server that it visits. (pytest-playwright's own fixture warns under pytest 9.)"""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """pytest-playwright's own, with our Chromium."""
    return {**browser_type_launch_args, **chromium.launch_options()}
