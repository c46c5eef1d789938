"""An audit log with something cut out, slipped in or made anew, by somebody more careful each time."""

from collections.abc import Iterator
from dataclasses import replace

from tests.chaos.evidence import Anchor, Evidence
from tests.chaos.mutants.forging import anchored, change, rechained, resealed, spoiled

Mutants = Iterator[Evidence]


def dropped(evidence: Evidence) -> Mutants:
    """Any event, the last one included: as it stands, and with all that comes after renumbered and sealed anew."""
    for place in range(len(evidence.events)):
        rest = evidence.events[:place] + evidence.events[place + 1 :]
        for events in (rest, resealed(rechained(rest))):
            yield spoiled(evidence, lambda copy, events=events: setattr(copy, "events", events))


def cut_tails(evidence: Evidence) -> Mutants:
    """The end of the log, with its leaves; and together with every anchor that knew of it."""
    for length in range(1, len(evidence.events)):
        rest = evidence.events[:-length]
        yield spoiled(evidence, lambda copy, events=rest: setattr(copy, "events", events))
        if any(event.subject for event in evidence.events[-length:]):

            def cut(copy: Evidence, length: int = length) -> None:
                copy.events = copy.events[:-length]
                copy.anchors = anchored(copy.events)

            yield spoiled(evidence, cut)


def altered(evidence: Evidence) -> Mutants:
    """Any event: its text, its time, its digest, the digest of the one before, its leaf; and all of that anew."""
    for place, event in enumerate(evidence.events):
        raw = event.raw.replace(b'"outcome"', b'"Outcome"')
        for changes in (
            {"raw": raw},
            {"digest": "0" * 64},
            {"previous_digest": "0" * 64},
            {"leaf": "00" * 32},
            {"place": None, "leaf": ""},
        ):
            if event.subject or not changes.keys() & {"digest", "previous_digest"}:
                yield spoiled(evidence, lambda copy, n=place, changes=changes: change(copy.events, n, **changes))
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
