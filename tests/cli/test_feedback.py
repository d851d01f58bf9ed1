import pytest

from tests.cli.calling import SETTINGS, entry
from tests.cli.conftest import Place

FERRY, LIBRARY = "https://harbor.example/1", "https://harbor.example/2"
NEWS = (
    entry("1", "Toy ferry for the bath", "The toy ferry floats in any bath and costs nine euros."),
    entry("2", "Ostren library stays open late", "Books until ten in the evening on Fridays."),
    entry("3", "Another toy ferry for the bath", "This toy ferry floats too and costs ten euros."),
)
# Between what the toys get and what they get with a "no" to one of them.
TOPIC = 'title = "Ferries"\nquery = "ferry"\nthreshold = 0.5\n'


@pytest.fixture
def toys(place: Place) -> Place:
    """Three items judged by a topic that finds toys only just on topic."""
    for article in (place.config / "corpus").iterdir():
        article.unlink()
    (place.config / "topics" / "ferries.toml").write_text(TOPIC)
    place.publish(*NEWS)
    assert place.call("poll").status == 0
    score = place.json("why", FERRY)["verdicts"][0]["score"]
    threshold = round(score - 0.005, 4)
    (place.config / "topics" / "ferries.toml").write_text(TOPIC.replace("0.5", str(threshold)))
    place.publish(*(each.replace("</description>", " Today.</description>") for each in NEWS))
    assert place.call("poll", "--all").status == 0
    return place


def matched(place: Place) -> set[str]:
    return {item["url"][-1] for item in place.json("items", "--topic", "ferries")}


def test_an_answer_waits_until_it_is_adopted(toys: Place) -> None:
    assert matched(toys) == {"1", "3"}
    kept = toys.call("feedback", FERRY, "ferries", "no", "--note", "a toy")
    assert "(a toy); pending, it has no effect yet" in toys.call("why", FERRY).out
    assert toys.json("why", FERRY)["answers"][0]["yes"] is False
    assert kept.status == 0
    assert "“Toy ferry for the bath” is not ferries" in kept.out
    assert "chipwatch feedback adopt" in kept.out
    assert matched(toys) == {"1", "3"}
    (listed,) = toys.json("feedback", "list")
    assert (listed["state"], listed["yes"], listed["note"]) == ("pending", False, "a toy")
    table = toys.call("feedback", "list").out
    assert "pending" in table
    assert listed["id"][:12] in table


def test_adopting_shows_what_changes_and_does_it(toys: Place) -> None:
    toys.call("feedback", "answer", FERRY, "ferries", "no")
    refused = toys.call("feedback", "adopt")
    assert refused.status == 2
    assert "add --yes" in refused.err
    assert "2 no longer" in refused.out
    assert matched(toys) == {"1", "3"}
    done = toys.call("feedback", "adopt", "--yes")
    assert done.status == 0
    assert "1 answer adopted; 2 stored verdicts changed" in done.out
    assert matched(toys) == set()
    told = toys.call("why", "https://harbor.example/3").out
    assert "like “Toy ferry for the bath”, which was marked as not this topic" in told
    assert "marked as not this topic on" in toys.call("why", FERRY).out
    assert toys.call("feedback", "adopt").out == "no answer is pending\n"


def test_a_program_adopts_with_json(toys: Place) -> None:
    assert toys.json("feedback", "adopt")["adopted"] == 0
    toys.call("feedback", FERRY, "ferries", "no")
    answered = toys.json("feedback", "adopt", "--yes")
    assert (answered["adopted"], answered["verdicts"], answered["worse"]) == (1, 2, [])
    assert answered["backtest"]["dropped"] == 2


@pytest.mark.parametrize("by_item", [True, False])
def test_withdrawing_restores_what_was(toys: Place, *, by_item: bool) -> None:
    before = [toys.json("why", f"https://harbor.example/{guid}")["verdicts"] for guid in "123"]
    toys.call("feedback", FERRY, "ferries", "no")
    toys.call("feedback", "adopt", "--yes")
    (answer,) = toys.json("feedback", "list")
    named = [FERRY, "ferries"] if by_item else [answer["id"][:8]]
    withdrawn = toys.call("feedback", "withdraw", *named)
    assert withdrawn.out == "1 answer withdrawn; 2 stored verdicts changed\n"
    after = [toys.json("why", f"https://harbor.example/{guid}")["verdicts"] for guid in "123"]
    assert after == before
    assert toys.json("feedback", "list") == []
    (kept,) = toys.json("feedback", "list", "--all")
    assert kept["state"] == "withdrawn"


def test_answers_are_adopted_at_once_where_configured(toys: Place) -> None:
    (toys.config / "chipwatch.toml").write_text(SETTINGS + '\n[judging]\nadopt = "auto"\n')
    assert "adopted; 2 stored verdicts changed" in toys.call("feedback", FERRY, "ferries", "no").out
    assert matched(toys) == set()
    contradicting = toys.call("feedback", "https://harbor.example/3", "ferries", "yes")
    assert "would be met worse" in contradicting.out
    assert [each["state"] for each in toys.json("feedback", "list")] == ["pending", "adopted"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing", "ferries", "yes"], 'no item is known by "nothing"'),
        ([FERRY, "feries", "yes"], 'did you mean "ferries"?'),
        ([FERRY, "ferries", "maybe"], '"maybe" is no answer; write yes or no'),
        (["withdraw", "nothing"], "names no answer that stands"),
        (["withdraw", FERRY, "ferries"], "names no answer that stands"),
        (["adopt", "--since", "soon"], '"soon" is no time'),
    ],
)
def test_a_wrong_call_is_named(polled: Place, arguments: list[str], told: str) -> None:
    if "adopt" in arguments:
        polled.call("feedback", FERRY, "ferries", "yes")
    called = polled.call("feedback", *arguments)
    assert called.status == 2
    assert told in called.err


def test_several_answers_are_not_withdrawn_by_one_beginning(polled: Place) -> None:
    for url in (FERRY, LIBRARY):
        polled.call("feedback", url, "ferries", "yes")
    called = polled.call("feedback", "withdraw", "")
    assert called.status == 2
    assert "fits several answers" in called.err


def test_an_empty_beginning_withdraws_nothing(polled: Place) -> None:
    polled.call("feedback", FERRY, "ferries", "yes")
    called = polled.call("feedback", "withdraw", "")
    assert (called.status, called.out) == (2, "")
    assert len(polled.json("feedback", "list")) == 1


def test_nothing_answered_is_said(place: Place) -> None:
    place.call("db", "upgrade")
    assert place.call("feedback", "list").out == "no answers\n"
