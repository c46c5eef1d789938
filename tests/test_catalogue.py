"""The message catalogues: every text is translated, and none is missing from them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
COLLECTED = ("manage.py", "portal", "reimage", "templates", "locale", "tests/settings.py")


def catalogue(language: str, root: Path = ROOT) -> polib.POFile:
    return polib.pofile(str(root / "locale" / language / "LC_MESSAGES" / "django.po"))


def texts(entries: polib.POFile) -> set[tuple[str | None, str, str]]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in entries if not entry.obsolete}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    entries = catalogue(language)
    assert [entry.msgid for entry in entries.untranslated_entries()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_guess_or_left_over(language):
    entries = catalogue(language)
    assert [entry.msgid for entry in entries if entry.fuzzy] == []
    assert [entry.msgid for entry in entries.obsolete_entries()] == []


@pytest.mark.skipif(not shutil.which("xgettext"), reason="collecting texts needs the gettext tools")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_from_the_catalogue_or_gone_from_the_code(language, tmp_path):
    copy = tmp_path / "project"
    for name in COLLECTED:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    command = [sys.executable, "manage.py", "makemessages", "--locale", language, "--no-obsolete"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    assert texts(catalogue(language, copy)) == texts(catalogue(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language):
    placeholders = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
    for entry in catalogue(language):
        for translation in entry.msgstr_plural.values() or [entry.msgstr]:
            expected = set(placeholders.findall(entry.msgid_plural or entry.msgid))
            assert set(placeholders.findall(translation)) == expected, entry.msgid
