"""The embedded broker between processes: nobody meets half a message or half a table."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from portal import filesystem_broker
from portal.celery import app
from portal.filesystem_broker import Channel, Transport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "messages").mkdir()
    return tmp_path


def channel_of(folder: Path) -> Channel:
    """A channel of one process; each call is another one's."""
    messages = str(folder / "messages")
    options = {"data_folder_in": messages, "data_folder_out": messages, "control_folder": str(folder / "control")}
    channel = Connection("filesystem://localhost", transport_options=options).channel()
    assert isinstance(channel, Channel)
    return channel


@pytest.fixture
def writer(folder: Path) -> Iterator[Channel]:
    channel = channel_of(folder)
    yield channel
    channel.close()


@pytest.fixture
def reader(folder: Path) -> Iterator[Channel]:
    channel = channel_of(folder)
    yield channel
    channel.close()


def test_the_portal_rings_through_it() -> None:
    assert app.connection_for_write("filesystem://localhost").get_transport_cls() is Transport


def test_a_message_arrives_whole_and_once(writer: Channel, reader: Channel) -> None:
    writer._put("celery", {"id": 7})
    assert reader._get("celery") == {"id": 7}
    with pytest.raises(Empty):
        reader._get("celery")


def test_a_message_that_is_being_written_is_not_there_yet(
    writer: Channel, reader: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look_before(payload: object) -> str:
        with pytest.raises(Empty):
            reader._get("celery")
        looks.append(payload)
        return '{"id": 7}'

    def look_after(self: Path, text: str) -> int:
        written = write_text(self, text)
        look_before(text)
        return written

    write_text = Path.write_text
    monkeypatch.setattr(filesystem_broker, "dumps", look_before)
    monkeypatch.setattr(Path, "write_text", look_after)
    writer._put("celery", {"id": 7})
    assert len(looks) == 2
    assert reader._get("celery") == {"id": 7}


def test_a_full_disk_leaves_no_half_message(writer: Channel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, text: str) -> int:
        self.touch()
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(filesystem_broker.ChannelError, match="Cannot add"):
        writer._put("celery", {"id": 7})
    assert list((folder / "messages").iterdir()) == []


def test_a_message_that_cannot_be_read_is_dropped_and_the_next_one_taken(
    writer: Channel, reader: Channel, folder: Path
) -> None:
    (folder / "messages" / "0_half.celery.msg").write_text("")
    writer._put("celery", {"id": 7})
    assert reader._get("celery") == {"id": 7}


def test_a_table_of_queues_is_read_and_written_one_at_a_time(writer: Channel, reader: Channel, folder: Path) -> None:
    writer._queue_bind("celery", "celery", "", "celery")
    assert [entry.queue for entry in reader.get_table("celery")] == ["celery"]
    with (folder / "control" / "lock").open("w") as other, writer._alone(), pytest.raises(BlockingIOError):
        fcntl.flock(other.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
