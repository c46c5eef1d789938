"""manage.py readyz: the same checks for a terminal, and an exit code for a script."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.health import report
from tests.health.signs_of_life import all_is_well

pytestmark = pytest.mark.django_db


def test_it_prints_a_line_for_each_check() -> None:
    all_is_well()
    out = StringIO()
    call_command("readyz", stdout=out)
    lines = out.getvalue().splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", check.name] for check in report.report().checks]
    assert any("(limit " in line for line in lines)


def test_it_fails_by_the_names_of_what_does_not_hold() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=r"Not ready: worker_alive.* See docs/runbook\.md"):
        call_command("readyz", stdout=out)
    assert "FAIL worker_alive" in out.getvalue()
    assert "unknown (limit " in out.getvalue()
