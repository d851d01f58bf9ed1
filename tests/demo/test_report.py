from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import opened
from bot.configuration import read_configuration
from bot.demo import report
from bot.errors import ChipwatchError
from bot.model import Feed, FeedDocument, FeedState, PollPlan, Reading
from bot.pipeline.poll import PollReport
from tests.cli.calling import write_config
from tests.fakes import START


def polled(title: str, result: str = "new", *, last_result: str = "new", fault: str = "") -> PollReport:
    state = FeedState(
        feed_id=title,
        url="https://harbor.example/rss",
        next_poll_at=START,
        failures=int(result not in ("new", "unchanged")),
        last_result=last_result,
    )
    document = FeedDocument(format="rss20", faults=(fault,) if fault else ())
    return PollReport(
        feed=Feed(id=title, url=state.url, title=title),
        plan=PollPlan(state=state, result=result),
        reading=Reading(document=document, items=()) if result == "new" else None,
    )


def test_feeds_that_fail_are_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    report.tell_polls(
        [
            polled("Zebra"),
            polled("[bold]Wire[/bold]", fault="cut off"),
            polled("Quay", "failed", last_result="status: HTTP 500"),
        ]
    )
    told = capsys.readouterr().out
    rows = [line.split() for line in told.splitlines() if "rss20" in line or "HTTP 500" in line]
    assert rows == [
        ["Quay", "–", "0", "status:", "HTTP", "500"],
        ["Zebra", "rss20", "0", "read"],
        ["[bold]Wire[/bold]", "rss20", "0", "cut", "off"],
    ]
    assert "0 items from 3 feeds; 1 feed failed and is named." in told


def test_a_second_round_that_tells_something_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    report.tell_second([polled("Wire", "unchanged")], messages=0)
    assert "1 feed unchanged, 0 new items, 0 messages" in capsys.readouterr().out
    with pytest.raises(ChipwatchError, match="told 2 messages"):
        report.tell_second([polled("Wire", "unchanged")], messages=2)


def test_messages_that_did_not_arrive_are_a_failure(tmp_path: Path) -> None:
    configuration = read_configuration(write_config(tmp_path / "config"), tmp_path / "data")
    with opened(configuration) as application, pytest.raises(ChipwatchError, match="nothing was composed"):
        report.tell_messages(application)


def test_the_introduction_counts_what_is_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path / "config", feeds=["https://harbor.example/rss"])
    report.introduce(read_configuration(config, tmp_path / "data"))
    told = " ".join(capsys.readouterr().out.split())
    assert "It watches Ferries: queries, 1 named companies" in told
    assert "4 example articles, 2 of them about what you do not want. The 1 sample feed" in told


def test_the_end_names_files_that_are_there_and_commands_to_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "with blank [x]"
    folder.mkdir()
    (folder / "mail-1.eml").touch()
    report.conclude(folder, timedelta(seconds=7).total_seconds())
    told = capsys.readouterr().out
    assert f"  {folder}/mail-1.eml\n" in told
    assert "slack-1.json" not in told
    assert f"items --topic mtia --config '{folder}/config' --data '{folder}/data'\n" in told
