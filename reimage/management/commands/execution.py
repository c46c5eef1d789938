"""manage.py execution: the kill switch from the command line, for when the pages cannot be reached."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.actors import Actor
from portal.errors import Problem
from reimage import execution_selectors, wording
from reimage.services import pausing

OPERATOR = Actor.system("manage.py execution")


class Command(BaseCommand):
    help = "Pauses or resumes execution, or says what holds it up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["pause", "resume", "status"])
        parser.add_argument("--reason", default="", help="why it is paused; everybody reads it on every page")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            match options["deed"]:
                case "pause":
                    pausing.pause(actor=OPERATOR, reason=options["reason"])
                case "resume":
                    pausing.resume(actor=OPERATOR)
        except Problem as err:
            raise CommandError(f"{err.message} {err.remedy}".strip()) from err
        for line in _status():
            self.stdout.write(line)


def _status() -> list[str]:
    pause = execution_selectors.current_pause()
    switch = f"paused since {pause.paused_at:%Y-%m-%d %H:%M %Z} by {pause.changed_by}: {pause.reason}" if pause else ""
    alarms = [wording.alarm_text(alarm.kind, alarm.params) for alarm in execution_selectors.alarms()]
    return [f"Execution is {switch or 'running'}", *alarms]
