"""A random sample of the requests that were submitted in a period: drawn from the log itself, and an event of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.audit.sampling import Sample, checked_seed, draw
from portal.audit.services import record
from reimage import audit_actions

LARGEST_SAMPLE = 200
_SUBJECT = re.compile(r"reimage_request:([1-9][0-9]{0,17})")


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both whole, in the time zone of that name."""

    first: date
    last: date
    zone: str

    def contains(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Those of the events that lie in it."""
        start, end = self._start_of(self.first), self._start_of(self.last + timedelta(days=1))
        return events.filter(occurred_at__gte=start, occurred_at__lt=end)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can be added to it any more."""
        return self._start_of(self.last + timedelta(days=1)) <= now

    def _start_of(self, day: date) -> datetime:
        return datetime.combine(day, time.min, ZoneInfo(self.zone))


def draw_requests(*, period: Period, seed: str, size: int, actor: Actor) -> Sample:
    """Draws the sample and records it with seed and period: nobody can try seeds in secret until one suits them.

    Raises UnfitSeed: the seed stands in the sealed body, where no name may, as it could not be redacted.
    """
    sample = draw(_numbers(period), seed=checked_seed(seed), size=size)
    with transaction.atomic():
        record(
            action=audit_actions.REQUESTS_SAMPLED,
            actor=actor,
            detail={
                "seed": seed,
                "size": size,
                "first_day": period.first.isoformat(),
                "last_day": period.last.isoformat(),
                "zone": period.zone,
                "candidates": sample.candidates,
                "drawn": [drawn.number for drawn in sample.drawn],
            },
        )
    return sample


def _numbers(period: Period) -> Iterator[int]:
    """Each request once, by the first event of its subject, which is its submission; its row proves nothing."""
    asked = AuditEvent.objects.filter(action=audit_actions.REQUEST_SUBMITTED.name, sequence=1)
    subjects = period.contains(asked).order_by().values_list("subject", flat=True)
    return (int(found[1]) for subject in subjects.iterator(chunk_size=2000) if (found := _SUBJECT.fullmatch(subject)))
