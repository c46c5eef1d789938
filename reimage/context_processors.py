"""What every page's navigation shows."""

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, object]:
    """Counts for the signed-in person; nothing for anybody else."""
    return {}
