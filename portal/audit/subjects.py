"""What events are numbered within: KIND:NUMBER. A capability registers its kinds; people write the number alone."""

_kinds: list[str] = []


def register_subject_kind(kind: str) -> None:
    """For example reimage_request, of reimage_request:12."""
    if kind not in _kinds:
        _kinds.append(kind)


def subjects_named(text: str) -> list[str]:
    """Every subject that is meant by “#12”, “12” or “reimage_request:12”: texts as they are, which an index finds."""
    number = text.removeprefix("#")
    return [text] if ":" in text else [f"{kind}:{number}" for kind in _kinds]
