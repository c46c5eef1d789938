"""What beat rings for, and what a message may never do."""

import pytest

from portal.celery import app

SCHEDULE = app.conf.beat_schedule


@pytest.mark.parametrize("entry", SCHEDULE.values(), ids=SCHEDULE)
def test_beat_rings_for_tasks_that_exist(entry: dict[str, object]) -> None:
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks


@pytest.mark.parametrize("entry", SCHEDULE.values(), ids=SCHEDULE)
def test_a_message_that_waited_until_the_next_one_expires(entry: dict[str, dict[str, object]]) -> None:
    assert entry["options"]["expires"] == entry["schedule"]


def test_no_time_limit_is_promised_that_threads_cannot_keep() -> None:
    assert app.conf.task_time_limit is None
    assert app.conf.task_soft_time_limit is None
