"""What a verification found, in sentences: what is wrong, with which event or checkpoint, and what else to know."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SOUND, TAMPERED, BEHIND = 0, 2, 3
KEPT_FINDINGS = 200  # sentences; a log that was rewritten would have a million


class NotYet(str):
    """A sentence about what is not sealed yet: no proof of tampering, and no excuse either."""

    __slots__ = ()


@dataclass
class Verdict:
    """`tampered` and `behind` decide; remarks are for people to judge. Counts go on where sentences stop."""

    sealed: int = 0
    anchored: int = 0
    signed_by: str = ""
    tampered: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    retired: dict[str, int] = field(default_factory=dict)  # by a key that was replaced, the last size that it signed
    tampered_count: int = 0

    def found(self, sentences: Iterable[str]) -> None:
        """Adds proof of tampering, and to what is behind what is NotYet any."""
        for sentence in sentences:
            is_proof = not isinstance(sentence, NotYet)
            self.tampered_count += is_proof
            told = self.tampered if is_proof else self.behind
            if len(told) < KEPT_FINDINGS:
                told.append(sentence)

    def add(self, other: "Verdict") -> None:
        """What was found in a part of the log."""
        self.found([*other.tampered, *other.behind])
        self.tampered_count += other.tampered_count - len(other.tampered)

    @property
    def exit_code(self) -> int:
        """0 sound, 2 tampered, 3 behind or unanchored."""
        return TAMPERED if self.tampered_count else BEHIND if self.behind else SOUND

    def lines(self) -> list[str]:
        """The report; its last line is the verdict."""
        told = [f"tampered: {sentence}" for sentence in self.tampered]
        if self.tampered_count > len(self.tampered):
            told.append(f"tampered: and {self.tampered_count - len(self.tampered)} more findings")
        told += [f"behind: {sentence}" for sentence in self.behind]
        told += [f"remark: {sentence}" for sentence in self.remarks]
        return [*told, self._summary()]

    def _summary(self) -> str:
        # A sealer that is at work meanwhile anchors what was not verified yet.
        extent = f"{self.sealed} events sealed, anchored up to #{min(self.anchored, self.sealed)}"
        match self.exit_code:
            case 0:
                return f"SOUND: {extent}, signed by {self.signed_by or 'nobody yet'}."
            case 2:
                return f"TAMPERED: {self.tampered_count} findings in {extent}."
            case _:
                return f"BEHIND: what is sealed is sound, but see above; {extent}."
