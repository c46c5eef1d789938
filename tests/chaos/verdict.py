"""What the judge found: a list of sentences for each promise. A promise is kept where its list is empty."""

from dataclasses import dataclass, field


@dataclass
class Verdict:
    duplicate_posts: list[str] = field(default_factory=list)
    unapproved_posts: list[str] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    state_mismatches: list[str] = field(default_factory=list)
    audit_gaps: list[str] = field(default_factory=list)
    secret_leaks: list[str] = field(default_factory=list)
    accepted_posts: int = 0
    needs_attention: int = 0
    undecidable_injected: int = 0

    @property
    def findings(self) -> dict[str, list[str]]:
        """Every broken promise, by its name in the report."""
        return {name: value for name, value in self.__dict__.items() if isinstance(value, list)}

    @property
    def is_clean(self) -> bool:
        return not any(self.findings.values())
