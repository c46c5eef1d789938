"""Why an operation may not act right now, said by whichever guard found it. Nothing was sent, nothing has failed."""

from collections.abc import Mapping


class Hindered(Exception):
    """Ends the intent's transaction. `note` tells people what is waited for; `seconds` when to come back."""

    def __init__(self, note: Mapping[str, object], seconds: float) -> None:
        super().__init__(str(note["code"]))
        self.note = note
        self.seconds = seconds


class BreakerTripping(Hindered):
    """This reimage would be one too many of its subscription."""

    def __init__(self, note: Mapping[str, object], seconds: float, subscription_id: str) -> None:
        super().__init__(note, seconds)
        self.subscription_id = subscription_id
