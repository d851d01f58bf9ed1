"""What holds of every stream, and in every script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.stories import CONFIG
from bot.catalogue import load_catalogue
from bot.core.article import extract_text
from bot.core.corpus import build_corpus
from bot.core.duplicates import Shelf
from bot.core.lexicon import Lexicon
from bot.core.relation import relation
from bot.core.stories import Grouper, StoryPolicy
from bot.core.vocabulary import read
from bot.model import Article, Exemplar, Placement, Relation
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, START, article
from tests.shared import shared_path

# ── properties ───────────────────────────────────────────────────────────────────────────────────

ONE_EVENT_EACH = [
    (
        "Ferry runs aground off Sandvik",
        "A ferry with ninety people on board ran aground off Sandvik on Sunday.",
    ),
    ("Quillon names Marta Osprey as chief", "Quillon said Marta Osprey will lead the toy maker from May."),
    ("Beetles eat the oaks of Dornach", "Foresters in Dornach found thousands of beetles in the old oaks."),
]
WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "of",
            "said",
            "people",
            "year",
            "new",
            "Norvik",
            "Halcyon",
            "Tarnow",
            "plant",
            "fire",
            "chip",
            "deal",
            "Monday",
        ]
    ),
    max_size=9,
)
TEXTS = st.sampled_from(
    [DEAL, DEAL_AGAIN, FIRE, (DEAL[0], ""), ("", DEAL[1]), ("", ""), (f"{FIRE[0]} - Wire", FIRE[1][:90])]
)
STREAM = st.lists(st.tuples(TEXTS, st.floats(0, 300)), max_size=14)


def _stream(drawn: list[tuple[tuple[str, str], float]]) -> list[Article]:
    ordered = sorted(drawn, key=lambda entry: entry[1])
    return [article(n, chosen, hours=hours) for n, (chosen, hours) in enumerate(ordered)]


@given(STREAM, st.integers(0, 14))
@settings(max_examples=60)
def test_a_restart_changes_no_decision(
    drawn: list[tuple[tuple[str, str], float]], restart_after: int
) -> None:
    articles = _stream(drawn)
    unbroken = Grouper()
    expected = [unbroken.place(one) for one in articles]
    restarted = Grouper()
    for one, placement in zip(articles[:restart_after], expected, strict=False):
        restarted.restore(one, placement)
    assert [restarted.place(one) for one in articles[restart_after:]] == expected[restart_after:]


MINUTE = st.lists(st.sampled_from([DEAL, FIRE, *ONE_EVENT_EACH]), max_size=8).flatmap(
    lambda texts: st.tuples(st.just(texts), st.permutations(range(len(texts))))
)


def _together(placements: Iterable[Placement]) -> set[frozenset[str]]:
    """The stories as sets of their items, whatever their names."""
    stories: dict[str, set[str]] = defaultdict(set)
    for placement in placements:
        stories[placement.story_id].add(placement.item_id)
    return {frozenset(items) for items in stories.values()}


@given(MINUTE)
@settings(max_examples=40)
def test_order_within_a_minute_makes_no_other_stories(
    drawn: tuple[list[tuple[str, str]], list[int]],
) -> None:
    texts, order = drawn
    articles = [article(n, chosen) for n, chosen in enumerate(texts)]
    placed = []
    for batch in (articles, [articles[at] for at in order]):
        grouper = Grouper()
        grouper.learn(batch)
        placed.append(_together([grouper.place(one) for one in batch]))
    assert placed[0] == placed[1]


@given(STREAM)
@settings(max_examples=40)
def test_a_stream_that_is_repeated_changes_nothing(drawn: list[tuple[tuple[str, str], float]]) -> None:
    articles = _stream(drawn)
    grouper = Grouper(StoryPolicy(window=timedelta(days=365)))
    first = [grouper.place(one) for one in articles]
    assert [grouper.place(one).story_id for one in articles] == [
        grouper.memory.placed(placement.item_id).story_id  # type: ignore[union-attr]
        for placement in first
    ]
    alone = Grouper(StoryPolicy(window=timedelta(days=365)))
    assert [alone.place(one) for one in articles] == first


@given(STREAM)
@settings(max_examples=40)
def test_a_stream_from_two_sources_at_once_makes_the_same_stories(
    drawn: list[tuple[tuple[str, str], float]],
) -> None:
    """The second source has every text a minute later: all of it are copies, and none opens a story."""
    articles = [one for one in _stream(drawn) if len(one.title) + len(one.summary) > 60]
    twice = [
        each
        for one in articles
        for each in (
            one,
            replace(one, id=f"{one.id}/2", published=(one.published or START) + timedelta(minutes=1)),
        )
    ]
    once, both = Grouper(), Grouper()
    placed = {each.id: both.place(each) for each in twice}
    expected = [once.place(one) for one in articles]
    assert _together(placed[one.id] for one in articles) == _together(expected)
    for one in articles:
        assert placed[f"{one.id}/2"].copy_of == (placed[one.id].copy_of or one.id)
        assert placed[f"{one.id}/2"].story_id == placed[one.id].story_id


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=12))
@settings(max_examples=60)
def test_no_item_joins_a_story_with_which_it_shares_neither_a_name_nor_a_rare_word(
    drawn: list[tuple[list[str], list[str]]],
) -> None:
    grouper = Grouper()
    least = StoryPolicy().least_rarest
    for number, (title, lead) in enumerate(drawn):
        one = article(number, (" ".join(title), " ".join(lead)), hours=number)
        grouper.learn([one])
        known = {
            story_id: {word for kept in story.traces.values() for word in kept.words}
            for story_id, story in grouper.memory._stories.items()
        }
        vocabulary = grouper.memory.vocabulary
        words = {word.folded for word in (read(one).headline + read(one).lead)}
        rare = {word for word in words if vocabulary.weight(word) >= least}
        placement = grouper.place(one)
        if not placement.opens and placement.copy_of is None:
            assert rare & known[placement.story_id]


@given(STREAM)
@settings(max_examples=60)
def test_every_item_has_one_story_that_its_opener_names(
    drawn: list[tuple[tuple[str, str], float]],
) -> None:
    articles = _stream(drawn)
    grouper = Grouper()
    placements = [grouper.place(one) for one in articles]
    opened = {placement.story_id for placement in placements if placement.opens}
    assert {placement.story_id for placement in placements} == opened
    by_id = {placement.item_id: placement for placement in placements}
    for placement in placements:
        if placement.copy_of is not None:
            assert by_id[placement.copy_of].copy_of is None
            assert by_id[placement.copy_of].story_id == placement.story_id


@given(
    st.lists(st.tuples(st.text(max_size=60), st.text(max_size=120), st.none() | st.datetimes()), max_size=8)
)
@settings(max_examples=60)
def test_any_stream_is_grouped(drawn: list[tuple[str, str, datetime | None]]) -> None:
    grouper = Grouper()
    for number, (title, summary, when) in enumerate(drawn):
        published = when.replace(tzinfo=START.tzinfo) if when else None
        grouper.place(Article(id=str(number), title=title, summary=summary, published=published))


# ── scripts ──────────────────────────────────────────────────────────────────────────────────────

SCRIPTS = {
    "Cyrillic": (
        (
            "Норвик покупает чипы у «Халсион» на четыре гигаватта",
            "Компания Норвик сообщила в понедельник, что купит у Халсион ускорители на "
            "четыре гигаватта. Первые стойки прибудут в 2027 году на завод в Бергене.",
        ),
        (
            "Халсион получила крупнейший заказ от Норвика",
            "Производитель ускорителей Халсион получил заказ от компании Норвик на "
            "четыре гигаватта; поставки с завода в Бергене начнутся в 2027 году.",
        ),
        (
            "Пожар на складе остановил поезда у Тарнова",
            "Пожар на складе близ Тарнова на девять часов закрыл железную "
            "дорогу между Краковом и Жешувом. Никто не пострадал.",
        ),
    ),
    "Japanese": (
        (
            "ノルヴィク、ハルシオンから四ギガワットの半導体を購入",
            "ノルヴィクは月曜日、ハルシオンから四ギガワット分の加速器を六"
            "年かけて購入すると発表した。最初のラックは二〇二七年に届く。",
        ),
        (
            "ハルシオン、ノルヴィクから過去最大の受注",
            "半導体メーカーのハルシオンは、ノルヴィクから四ギガワットの"
            "加速器を受注したと発表した。納入はベルゲンの工場から始まる。",
        ),
        (
            "倉庫火災でタルヌフの鉄道が不通に",
            "タルヌフ近郊の倉庫で火災が起き、鉄道の幹線が九時間にわたり閉鎖された。けが人はいなかった。",
        ),
    ),
    "Arabic": (
        (
            "نورفيك تشتري رقائق من هالسيون",
            "قالت شركة نورفيك يوم الاثنين إنها ستشتري مسرعات من هالسيون بقدرة "
            "أربعة غيغاواط على مدى ست سنوات. تصل الدفعة الأولى إلى بيرغن.",
        ),
        (
            "هالسيون تفوز بأكبر طلب من نورفيك",
            "فازت هالسيون لصناعة المسرعات بطلب من نورفيك بقدرة "
            "أربعة غيغاواط، وتبدأ الدفعات من مصنعها في بيرغن.",
        ),
        (
            "حريق في مستودع يوقف القطارات قرب تارنوف",
            "أغلق حريق في مستودع قرب تارنوف خط السكة الحديد الرئيسي تسع ساعات. لم يصب أحد بأذى.",
        ),
    ),
    "Devanagari": (
        (
            "नॉरविक ने हैल्सियन से चिप खरीदे",
            "नॉरविक ने सोमवार को कहा कि वह हैल्सियन से चार गीगावाट के त्वरक खरीदेगी। पहली खेप बर्गन पहुँचेगी।",
        ),
        (
            "हैल्सियन को नॉरविक से सबसे बड़ा ऑर्डर",
            "त्वरक बनाने वाली हैल्सियन को नॉरविक से चार गीगावाट का ऑर्डर मिला, आपूर्ति बर्गन के कारखाने से शुरू होगी।",
        ),
        (
            "गोदाम में आग से तारनोव में ट्रेनें रुकीं",
            "तारनोव के पास एक गोदाम में आग लगने से मुख्य रेल मार्ग नौ घंटे बंद रहा। किसी को चोट नहीं आई।",
        ),
    ),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_any_script_is_grouped_within_itself(script: str) -> None:
    deal, again, fire = SCRIPTS[script]
    copied = (f"{deal[0]} | Wire", deal[1][:-10])
    grouper = Grouper()
    placed = [grouper.place(article(n, one, hours=n)) for n, one in enumerate((deal, again, fire, copied))]
    assert placed[1].story_id == placed[0].story_id
    assert placed[2].opens
    assert placed[3].copy_of == "a0"


# ── the seed corpus ──────────────────────────────────────────────────────────────────────────────


def test_the_seeds_are_two_copies_a_third_report_and_two_other_events_that_all_relate() -> None:
    pages = sorted(shared_path("seeds").glob("*.txt"))
    articles = [extract_text(page.read_text(encoding="utf-8")) for page in pages]
    seeds = [
        Exemplar(id=str(number), title=each.title, text=each.text) for number, each in enumerate(articles)
    ]
    first, original, copied, third, last = seeds
    lexicon = Lexicon(load_catalogue(CONFIG).entities)
    shelf = Shelf([first, original, third, last], lexicon)
    assert shelf.copy_of(copied) == original
    assert not any(shelf.copy_of(each) for each in (first, original, third, last))
    assert Shelf([first, original, last], lexicon).same_event(third) == original
    assert shelf.same_event(first) is None
    assert shelf.same_event(last) is None
    corpus = build_corpus(seeds, lexicon)
    for one in corpus.references:
        similarities = corpus.similarities(one.features)
        relations = {
            relation(one.features, other.features, similarity)
            for similarity, other in zip(similarities, corpus.references, strict=True)
            if other is not one
        }
        assert relations != {Relation.NONE}
    grouper = Grouper()
    placed = [
        grouper.place(Article(id=each.id, title=each.title, body=each.text))
        for each in (original, copied, third)
    ]
    assert placed[1].copy_of == original.id
    assert placed[2].copy_of is None
    assert placed[2].story_id == placed[0].story_id
