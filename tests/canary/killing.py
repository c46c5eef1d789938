"""A worker that dies right after a call of the step which holds the secret."""

from typing import Any

import pytest

from reimage.models import ReimageRequest
from reimage.services import reimaging
from tests.canary.sinks import Sinks
from tests.crashes.failpoints import WorkerDied
from tests.stories import advance, let_lease_lapse

CALLS = ("submit_reimage", "filled_body")


def assert_clean_when_killed_after(call: str, reimage_request: ReimageRequest, sinks: Sinks) -> None:
    """Once the worker is dead, and once more when another one went on."""
    operation, real = reimage_request.operations.get(), getattr(reimaging, call)

    def die_right_after(*args: Any, **options: Any) -> None:
        real(*args, **options)
        raise WorkerDied(call)

    with pytest.MonkeyPatch.context() as moment:
        moment.setattr(reimaging, call, die_right_after)
        with pytest.raises(WorkerDied):
            advance(operation)
    let_lease_lapse(operation)
    sinks.assert_clean()
    advance(operation)
    sinks.assert_clean()
