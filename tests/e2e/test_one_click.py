"""The link in a letter, followed as a scanner and as a mail program would, against a running bot."""

from __future__ import annotations

import email
import json
import re
from collections.abc import Iterator
from email.policy import default
from pathlib import Path

import httpx
import pytest

from tests.cli.calling import NEWS, rss
from tests.daemon.house import FEED_TYPE, House, free_port, running
from tests.http_server import Answer, http_server

PUBLIC = "https://news.example.org/chipwatch"
CHANNEL = """
[smtp]
host = "127.0.0.1"
port = 9
security = "plain"
sender = "bot@example.org"
[channels.mail]
type = "email"
to = ["ann@example.org", "bob@example.org"]
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with http_server() as web:
        yield House(config=tmp_path / "config", data=tmp_path / "data", web=web)


def links(house: House, folder: Path) -> dict[str, str]:
    """Recipient → the https link of the letter that they would get now."""
    assert house.call("digest", "daily", "--preview", folder).status == 0
    found = {}
    for path in folder.glob("*.eml"):
        letter = email.message_from_bytes(path.read_bytes(), policy=default)
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        (link,) = re.findall(r"<(https:[^>]+)>", letter["List-Unsubscribe"])
        assert link.startswith(f"{PUBLIC}/u/")
        assert str(letter).count("@example.org?subject=unsubscribe") == 1
        found[letter["To"]] = link
    return found


def test_one_click_ends_the_letters_of_one_recipient(house: House, tmp_path: Path) -> None:
    house.watch(house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE)), schedule="0 7 1 1 *")
    port = free_port()
    settings = house.config / "chipwatch.toml"
    text = re.sub(r"\[server\]\nbind = .*", f'[server]\nbind = "127.0.0.1:{port}"', settings.read_text())
    text = text.replace(f'"127.0.0.1:{port}"', f'"127.0.0.1:{port}"\npublic_url = "{PUBLIC}"')
    settings.write_text(text.replace('channels = ["folder"]', 'channels = ["mail"]') + CHANNEL)
    assert house.call("poll").status == 0
    before = links(house, tmp_path / "before")
    assert set(before) == {"ann@example.org", "bob@example.org"}
    assert before == links(house, tmp_path / "again"), "a link stays the same"
    here = before["ann@example.org"].replace(PUBLIC, f"http://127.0.0.1:{port}")
    with running(house) as daemon:
        page = httpx.get(here)
        assert (page.status_code, "<button" in page.text) == (200, True)
        assert house.call("deliveries", "unsubscribed", "--json").json == []
        for _ in range(2):
            answer = httpx.post(here, data={"List-Unsubscribe": "One-Click"})
            assert (answer.status_code, answer.history) == (200, [])
        assert httpx.post(f"{here}x", data={"List-Unsubscribe": "One-Click"}).status_code == 404
        log = json.dumps(daemon.ended())
    assert "unsubscribed" in log
    assert here.rpartition("/")[2] not in log
    (gone,) = house.call("deliveries", "unsubscribed", "--json").json
    assert (gone["channel"], gone["address"]) == ("mail", "ann@example.org")
    assert house.call("digest", "daily").status == 0
    rows = house.call("deliveries", "list", "--json").json
    assert {row["recipient"] for row in rows if row["channel"] == "mail"} == {"bob@example.org"}
    assert house.call("deliveries", "unsubscribed", "--undo", "ann@example.org").status == 0
    assert house.call("deliveries", "unsubscribed").out == "nobody has unsubscribed\n"
