from dataclasses import replace
from datetime import date

import pytest

from bot.core.audit import SHORT, Doubt, Finding, audit, left_out
from bot.core.profile import build_profiles
from bot.model import Exemplar, Topic

FERRIES = Topic(id="ferries", title="Ferries")


def article(name: str, title: str, text: str, *topics: str, **more: object) -> Exemplar:
    return Exemplar(id=name, title=title, text=text, topics=frozenset(topics), **more)  # type: ignore[arg-type]


GOOD = (
    article(
        "third",
        "Skerry Lines orders a third ferry",
        "The yard in Ostren builds the ferry for Skerry Lines. It carries 120 cars over the sound, and the "
        "first passengers board the ship in spring, the company said.",
        "ferries",
        published=date(2026, 1, 10),
    ),
    article(
        "electric",
        "Electric ferry crosses the sound",
        "The first electric ferry of the sound carries cars and passengers between Ostren and Vik. The ship "
        "charges at the quay, and the yard builds a second ferry.",
        "ferries",
        published=date(2026, 3, 10),
    ),
    article(
        "fares",
        "Ferry fares to rise in June",
        "Passengers of the ferry pay more from June, Skerry Lines said. A car on the ship to Vik costs "
        "twelve crowns more, and the sound has no bridge in Ostren.",
        "ferries",
        published=date(2026, 5, 10),
    ),
    article(
        "bakery",
        "Bakery opens in Ostren",
        "Bread with seeds leaves the oven at six in the morning, and on Sundays the queue reaches around "
        "the corner of the market, where cake with plums is sold.",
    ),
    article(
        "cup",
        "Ostren wins the cup",
        "Two goals in the last minutes of a match in the rain decided the final. The coach praised the "
        "keeper, who had saved a penalty before a crowd of nine thousand.",
    ),
    article(
        "school",
        "School gets a new roof",
        "Pupils learn under a tent until the roof of the school in the valley is mended. The council pays "
        "for tiles, and teachers hope that lessons begin indoors by autumn.",
    ),
)


def findings(*exemplars: Exemplar, topic: Topic = FERRIES) -> list[Finding]:
    return list(audit(exemplars, build_profiles([topic], exemplars, ())))


def told(found: list[Finding]) -> list[tuple[str, Doubt]]:
    return [(finding.exemplar, finding.doubt) for finding in found]


def test_a_consistent_corpus_raises_no_doubt() -> None:
    assert findings(*GOOD) == []


def test_a_positive_example_without_the_topics_words_is_doubted() -> None:
    wrong = replace(GOOD[3], topics=frozenset({"ferries"}))
    (finding,) = findings(*GOOD[:3], wrong, *GOOD[4:])
    assert (finding.exemplar, finding.doubt, finding.topic) == ("bakery", Doubt.LABEL, "ferries")
    assert finding.is_suspicious
    assert finding.score is not None
    assert finding.score < 0.5
    assert "labelled ferries, judged off by the others" in finding.problem
    assert finding.other in {"cup", "school"}


def test_a_negative_example_that_is_like_the_topic_is_doubted_with_its_nearest() -> None:
    wrong = replace(GOOD[1], topics=frozenset())
    found = findings(GOOD[0], wrong, *GOOD[2:])
    doubted = {finding.exemplar: finding for finding in found}
    assert "not labelled ferries, judged on by the others" in doubted["electric"].problem
    assert doubted["electric"].other in {"third", "fares"}
    assert doubted["electric"].similarity is not None
    assert doubted["electric"].similarity > 0.1


def test_the_only_example_of_a_topic_is_not_judged_by_nothing() -> None:
    assert findings(GOOD[0], *GOOD[3:]) == []


def test_the_judgement_leaves_out_the_article_itself() -> None:
    judge = build_profiles([FERRIES], GOOD, ())
    for place, (reference, others, (verdict,)) in enumerate(left_out(judge)):
        assert place not in others.profiles[0].on + others.profiles[0].off
        assert verdict.nearest is None or verdict.nearest.exemplar != reference.exemplar.id


def test_an_unmarked_copy_is_told_and_a_marked_one_is_not() -> None:
    copy = replace(GOOD[0], id="again", title="Ferry news")
    assert ("again", Doubt.COPY) in told(findings(*GOOD, copy))
    assert findings(*GOOD, replace(copy, copy_of="third")) == []


def test_a_copy_with_another_label_is_suspicious() -> None:
    (finding,) = findings(*GOOD, replace(GOOD[0], id="again", copy_of="third", topics=frozenset()))
    assert finding.is_suspicious
    assert finding.problem == "a copy of third with other labels: ferries"


def test_an_unmarked_report_of_the_same_event_is_told() -> None:
    retold = article(
        "retold",
        "Third ferry for Skerry Lines from the yard in Ostren",
        "Skerry Lines lets the Ostren yard build its third ferry, a ship for 120 cars on the sound. Spring "
        "is when its first passengers may board, according to the company, which had promised them much.",
        "ferries",
        published=date(2026, 1, 11),
    )
    assert told(findings(*GOOD, retold)) == [("retold", Doubt.EVENT)]
    assert findings(*GOOD, replace(retold, same_event="third")) == []


@pytest.mark.parametrize(("size", "doubts"), [(SHORT - 1, [("brief", Doubt.SHORT)]), (SHORT, [])])
def test_a_text_of_few_words_is_told(size: int, doubts: list[tuple[str, Doubt]]) -> None:
    brief = article("brief", "Ferry late", " ".join(["ferry"] * size), "ferries")
    assert told(findings(*GOOD, brief)) == doubts


def test_a_language_that_nobody_watches_is_told() -> None:
    english = replace(FERRIES, languages=("sv", "nb"))
    found = findings(*GOOD, topic=english)
    assert {each.exemplar for each in found if each.doubt is Doubt.LANGUAGE} == {"third", "electric", "fares"}
    assert findings(*GOOD, topic=replace(FERRIES, languages=("en-GB",))) == []


def test_a_language_that_the_text_contradicts_is_told() -> None:
    (finding,) = findings(replace(GOOD[0], language="sv"), *GOOD[1:])
    assert finding.problem == "the front matter says sv, the text reads like en"


def test_the_surest_doubts_come_first() -> None:
    wrong = (*GOOD[:2], replace(GOOD[2], topics=frozenset()), replace(GOOD[3], topics=frozenset({"ferries"})))
    scores = [finding.score for finding in findings(*wrong, *GOOD[4:]) if finding.score is not None]
    assert scores == sorted(scores, key=lambda score: -abs(score - 0.5))
