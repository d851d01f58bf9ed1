from tests.cli.calling import NEWS, chipwatch, entry, rss
from tests.cli.conftest import FEED_TYPE, Place
from tests.http_server import Answer

HINTS = "<ttl>90</ttl><skipHours><hour>3</hour></skipHours><skipDays><day>Sunday</day></skipDays>"


def test_a_trial_shows_hints_rhythm_and_scores(place: Place) -> None:
    entries = "".join(entry(str(n), f"Ferry number {n} sails", hours_ago=2 * n) for n in range(1, 13))
    headers = {**FEED_TYPE, "Cache-Control": "max-age=600", "Last-Modified": "Tue, 16 Jun 2026 07:00:00 GMT"}
    place.web.play(place.path, Answer(body=rss(HINTS, entries), headers=headers))
    called = chipwatch("feeds", "test", place.feed, "--config", place.config)
    assert called.status == 0
    assert "validators  Last-Modified" in called.out
    assert (
        "hints       fresh for 10 min, not before 1 h 30 min, not in the hours 03 UTC, not on Sun"
        in called.out
    )
    assert "rhythm      an item every 2 h; next poll in about " in called.out
    assert "and 2 more" in called.out
    (row,) = (line for line in called.out.splitlines() if "Ferry number 1 sails" in line)
    name, score = row.split()[2:4]
    assert name == "ferries"
    assert 50 < float(score.removesuffix("%")) <= 100
    shown = chipwatch("feeds", "test", place.feed, "--config", place.config, "--json").json
    assert (shown["ttl"], shown["fresh_for"], shown["skip_hours"], shown["skip_days"]) == (
        5400,
        600,
        [3],
        [6],
    )
    assert 7000 < shown["rhythm"] < 7400
    assert 5400 <= shown["next_poll_in"] <= 86_400
    assert shown["items"][0]["scores"].keys() == {"ferries"}


def test_a_configured_feed_is_tried_as_configured(place: Place) -> None:
    path = place.config / "feeds.toml"
    path.write_text(path.read_text() + 'every = "10m"\n')
    called = chipwatch("feeds", "test", place.feed, "--config", place.config)
    assert "rhythm      every = 10m in feeds.toml; next poll in about " in called.out


def test_what_is_old_or_broken_is_said(place: Place) -> None:
    settings = place.config / "chipwatch.toml"
    settings.write_text(settings.read_text().replace('"10000d"', '"24h"'))
    broken = rss(*NEWS, entry("3", "From long ago", hours_ago=900)).replace(b"</channel>", b"</chan>")
    place.web.play(place.path, Answer(body=broken, headers=FEED_TYPE))
    called = chipwatch("feeds", "test", place.feed, "--config", place.config)
    assert "items       3 from 3 entries" in called.out
    assert "baseline    1 of them too old" in called.out
    assert "fault       broken XML" in called.out


def test_discovery_lists_what_a_page_has_and_adds_nothing(place: Place) -> None:
    body = f'<html><body><a href="{place.path}">RSS</a></body></html>'.encode()
    page = place.web.play(place.path + "/home", Answer(body=body, headers={"Content-Type": "text/html"}))
    before = (place.config / "feeds.toml").read_text()
    (found,) = chipwatch("feeds", "discover", page, "--config", place.config, "--json").json
    assert (found["url"], found["title"], found["format"]) == (place.feed, "Harbor Wire", "rss20")
    assert (found["entries"], found["found"]) == (2, "linked")
    assert found["newest"].endswith("+00:00")
    shown = chipwatch("feeds", "discover", place.feed, "--config", place.config)
    assert (shown.status, "the address itself" in shown.out) == (0, True)
    assert (place.config / "feeds.toml").read_text() == before


def test_a_page_without_feeds_is_said_to_have_none(place: Place) -> None:
    page = place.web.play(place.path + "/x", Answer(body=b"<html><body>Nothing</body></html>"))
    called = chipwatch("feeds", "discover", page, "--config", place.config)
    assert (called.status, "no feed found" in called.out) == (1, True)
    assert chipwatch("feeds", "discover", "harbor.example", "--config", place.config).status == 2
