"""An audit log with something cut out, slipped in or made anew, by somebody more careful each time."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

from tests.chaos.evidence import Anchor, Evidence
from tests.chaos.mutants.forging import anchored, change, rechained, resealed, spoiled

Mutants = Iterator[Evidence]
FORGED = 4  # every so many: to make everything anew takes its time


def dropped(evidence: Evidence) -> Mutants:
    """Any event, the last one included; of some, with all that comes after numbered, chained and sealed anew."""
    for place in range(len(evidence.events)):
        rest = evidence.events[:place] + evidence.events[place + 1 :]
        forged = [resealed(rechained(rest))] if place % FORGED == 0 else []
        for events in (rest, *forged):
            yield spoiled(evidence, lambda copy, events=events: setattr(copy, "events", events))


def cut_tails(evidence: Evidence) -> Mutants:
    """The end of the log, with its leaves; and together with every anchor that knew of it."""
    for length in range(1, len(evidence.events)):
        rest = evidence.events[:-length]
        yield spoiled(evidence, lambda copy, events=rest: setattr(copy, "events", events))
        if length % FORGED == 1 and any(event.subject for event in evidence.events[-length:]):

            def cut(copy: Evidence, length: int = length) -> None:
                copy.events = copy.events[:-length]
                copy.anchors = anchored(copy.events)

            yield spoiled(evidence, cut)


def altered(evidence: Evidence) -> Mutants:
    """Any event's text, and then one of its marks in turn; of some the text with all marks of the log made anew."""
    kinds = cycle(
        ({"digest": "0" * 64}, {"previous_digest": "0" * 64}, {"leaf": "00" * 32}, {"place": None, "leaf": ""})
    )
    for place, event in enumerate(evidence.events):
        raw = event.raw.replace(b'"outcome"', b'"Outcome"')
        marks = [next(kinds)] if event.subject else []  # only those are chained
        for changes in ({"raw": raw}, *marks):
            yield spoiled(evidence, lambda copy, n=place, changes=changes: change(copy.events, n, **changes))
        if place % FORGED == 0:
            events = [replace(one, raw=raw) if one is event else one for one in evidence.events]
            yield spoiled(evidence, lambda copy, events=events: setattr(copy, "events", resealed(rechained(events))))


def swapped(evidence: Evidence) -> Mutants:
    for place in range(len(evidence.events) - 1):
        events = list(evidence.events)
        events[place], events[place + 1] = events[place + 1], events[place]
        yield spoiled(evidence, lambda copy, events=events: setattr(copy, "events", resealed(events)))


def wrong_anchors(evidence: Evidence) -> Mutants:
    """An anchor that knows another log, a longer one, or none at all; and a verdict of audit_verify."""
    for place in range(len(evidence.anchors)):
        yield spoiled(evidence, lambda copy, n=place: change(copy.anchors, n, root="00" * 32))
        yield spoiled(evidence, lambda copy, n=place: change(copy.anchors, n, size=copy.anchors[n].size + 1))
    yield spoiled(evidence, lambda copy: copy.anchors.append(Anchor(len(copy.events) + 1, "00" * 32)))
    yield spoiled(evidence, lambda copy: copy.anchors.pop() and None)
    yield spoiled(evidence, lambda copy: copy.anchors.clear())
    yield spoiled(evidence, lambda copy: copy.verified.append("exit code 2: TAMPERED"))


def uncounted_attempts(evidence: Evidence) -> Mutants:
    for place, operation in enumerate(evidence.operations):
        for attempts in {operation.attempts + 1, max(0, operation.attempts - 1)} - {operation.attempts}:
            yield spoiled(evidence, lambda copy, n=place, to=attempts: change(copy.operations, n, attempts=to))
