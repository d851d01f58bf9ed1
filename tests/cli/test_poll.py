import pytest

from bot.demo.servers import receiver
from tests.advice.completions import opinion, says
from tests.cli.calling import NEWS, SETTINGS, TOPIC, entry, write_config
from tests.cli.conftest import Place
from tests.http_server import Answer

ALERTS = SETTINGS + '\n[[alerts]]\nname = "urgent"\ntopics = ["ferries"]\nchannels = ["folder"]\n'


def test_a_round_takes_in_judges_and_says_so(place: Place) -> None:
    (place.config / "chipwatch.toml").write_text(ALERTS)
    report = place.json("poll")
    (feed,) = report["feeds"]
    assert (feed["url"], feed["result"], feed["new"], feed["unchanged"]) == (place.feed, "new", 2, 0)
    assert (report["judged"], report["matched"], report["stories"]) == (2, 1, 2)
    assert report["alerts"] == 1, "one message, though the folder gets it in three formats"
    assert len(place.json("deliveries", "list")) == 3


def test_the_table_has_a_row_a_feed_and_a_summary(place: Place) -> None:
    told = place.call("poll").out
    (row,) = (line for line in told.splitlines() if place.feed in line)
    assert row.split()[:5] == [place.feed, "new", "2", "0", "0"]
    assert "feeds: 1; new items: 2; judged: 2; matches: 1; new stories: 2;" in told


def test_a_new_database_is_told_of_once(place: Place) -> None:
    assert "the database is new: everything that is found counts as unseen" in place.call("poll").err
    assert "is new" not in place.call("poll").err


def test_only_what_is_due_is_polled_unless_asked(polled: Place) -> None:
    called = polled.call("poll")
    assert called.status == 0
    assert called.out == "no feed is due; poll all of them with --all\n"
    assert polled.json("poll")["feeds"] == []
    assert len(polled.json("poll", "--all")["feeds"]) == 1
    (feed,) = polled.json("poll", "--feed", polled.feed)["feeds"]
    assert (feed["result"], feed["new"]) == ("unchanged", 0)


def test_news_and_edits_are_counted_apart(polled: Place) -> None:
    edited = entry("2", "Ostren library stays open late", "Books until eleven on Fridays.")
    polled.publish(entry("3", "A third ferry for the sound"), NEWS[0], edited)
    (feed,) = polled.json("poll", "--all")["feeds"]
    assert [feed[key] for key in ("result", "new", "revised", "unchanged")] == ["new", 1, 1, 1]


def test_a_feed_that_fails_is_named_and_the_others_are_read(place: Place) -> None:
    page = place.web.play(place.path + "/page", Answer(body=b"<html><body>Moved</body></html>"))
    dead = "http://127.0.0.1:9/rss"
    write_config(place.config, feeds=[dead, place.feed, page])
    called = place.call("poll", "--json")
    assert called.status == 1
    found = {feed["url"]: feed for feed in called.json["feeds"]}
    assert found[place.feed]["result"] == "new"
    assert found[dead]["result"] == "failed"
    assert "connect" in found[dead]["note"]
    assert found[page]["result"] == "not-a-feed"
    assert "HTML page" in found[page]["note"]
    assert "HTML page" in place.call("poll", "--all").out


def test_an_unknown_feed_is_answered_with_the_nearest(place: Place) -> None:
    called = place.call("poll", "--feed", place.feed + "s")
    assert called.status == 2
    assert f'did you mean "{place.feed}"?' in called.err


def test_a_disabled_feed_is_polled_only_by_name(place: Place) -> None:
    (place.config / "feeds.toml").write_text(f'[[feed]]\nurl = "{place.feed}"\nenabled = false\n')
    assert place.json("poll")["feeds"] == []
    assert place.json("poll", "--all")["feeds"] == []
    assert len(place.json("poll", "--feed", place.feed)["feeds"]) == 1


def test_alerts_go_to_a_real_webhook(place: Place) -> None:
    with receiver() as (base, received):
        settings = ALERTS.replace(
            'type = "files"',
            f'type = "webhook"\nurl = "{base}/hook"\nsecret = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtMTIz"',
        )
        (place.config / "chipwatch.toml").write_text(settings)
        assert place.json("poll")["alerts"] == 1
        assert [each["state"] for each in place.json("deliver")] == ["sent"]
        assert place.json("deliver") == []
    (request,) = received
    assert request.path == "/hook"
    assert b"electric ferry" in request.body


@pytest.mark.parametrize("command", ["poll", "deliver"])
def test_a_wrong_option_is_a_wrong_call(place: Place, command: str) -> None:
    called = place.call(command, "--nope")
    assert called.status == 2
    assert "--nope" in called.err


def test_what_was_not_read_is_said(place: Place) -> None:
    (place.config / "chipwatch.toml").write_text(SETTINGS.replace("[http]", "[http]\nmax_entries = 1"))
    (feed,) = place.json("poll")["feeds"]
    assert (feed["new"], feed["left_out"], feed["skipped"], feed["notices"]) == (1, 1, 0, [])
    assert "1 entries beyond the limit" in feed["note"]


LATE = entry("7", "Weather at sea", "A ferry was late.")
UNSURE = TOPIC + "threshold = 0.97\n"


def ask(place: Place, *answers: Answer) -> None:
    """Configure an advisor for whatever is not altogether clear, and let it answer so."""
    url = place.web.play(place.path + "/v1/chat/completions", *answers)
    advisor = f'[judging.advisor]\nurl = "{url}"\nmodel = "small"\nmargin = 3.0\nmax_share = 3.0\n'
    write_config(place.config, feeds=[place.feed], settings=f"{ALERTS}\n{advisor}", topic=UNSURE)


def test_a_second_opinion_is_asked_for_and_why_tells_it(place: Place) -> None:
    place.publish(LATE)
    ask(place, says(opinion(reason="Only the weather, but a ferry all the same.")))
    report = place.json("poll")
    assert (report["judged"], report["advised"], report["matched"]) == (1, 1, 1)
    assert report["alerts"] > 0
    told = place.call("why", "https://harbor.example/7").out
    assert "advisor" in told
    assert "+2.40" in told
    assert "small finds it on topic (90% sure): “Only the weather, but a ferry all the same.”" in told
    compared = place.json("backtest")
    assert (compared["matched_after"], compared["changed"]) == (1, 0), "what was said is kept"
    assert len(place.web.asked(place.path + "/v1/chat/completions")) == 1


def test_a_poll_without_an_answer_is_a_poll_all_the_same(place: Place) -> None:
    place.publish(LATE, NEWS[1])
    ask(place, Answer(status=503, body=b"overloaded"))
    place.call("db", "upgrade")
    called = place.call("poll")
    assert (called.status, called.err) == (0, "no advice: HTTP 503\n")
    assert "judged: 2; matches: 0" in called.out
