"""What the keys of an event's detail, and its flags, are called in front of people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_labels: dict[str, str | Promise] = {}


def register_labels(**labels: str | Promise) -> None:
    """Names keys of details or flags; a capability calls it beside registering its actions."""
    _labels.update(labels)


def label_of(key: str) -> str:
    """The name of a key, or the key itself where nobody named it."""
    return str(_labels.get(key, key))


register_labels(
    delete_warning=_("Delete warning"),
    event=_("Event"),
    fields=_("Fields"),
    further_in_log=_("Further ones are in the server's log alone"),
    filter=_("Filter"),
    format=_("Format"),
    message=_("Message"),
    method=_("Method"),
    new_key=_("New public key"),
    old_key_is_lost=_("Old key is lost"),
    route=_("Page"),
    rows=_("Rows"),
    tree_size=_("Sealed up to"),
    waiting=_("Not sealed yet"),
    wrong_state=_("Too late"),
)
