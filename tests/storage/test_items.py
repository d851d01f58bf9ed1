"""Items on both engines: known again, revised, judged, found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from bot.model import Item, KnownItem, Verdict, Window
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, item, judgement, verdict


def stored(store: SqlStore, *new: Item) -> None:
    with store.begin() as tx:
        tx.items.add(new)


def test_every_field_of_an_item_comes_back(store: SqlStore) -> None:
    full = item(title="Überraschung — 芯片 🙂", keys=("k1", "k2"), baseline=True)
    bare = item("bbbbbb02", published=None, language=None, url="", author="", summary="", body="", keys=())
    stored(store, full, bare)
    with store.read() as tx:
        assert tx.items.get(full.id) == full
        assert tx.items.get(bare.id) == bare


def test_what_either_engine_refuses_becomes_a_replacement_character(store: SqlStore) -> None:
    stored(store, item(title="a\x00b\ud800c"))
    with store.read() as tx:
        found = tx.items.get("aaaaaa01")
        assert tx.items.get("https://\udcff.example/") is None
        assert not tx.items.search(topic="\udcff", since=None, words=["\x00", "\udcff"], limit=9)
    assert found is not None
    assert found.title == "a\ufffdb\ufffdc"


def test_an_item_is_known_by_each_of_its_keys(store: SqlStore) -> None:
    stored(store, item(keys=("guid", "url")))
    with store.read() as tx:
        known = tx.items.known(["guid", "url", "other"])
    assert known == dict.fromkeys(
        ("guid", "url"),
        KnownItem(
            item_id="aaaaaa01",
            feed_id="wire",
            content_hash="hash of aaaaaa01",
            canonical_url="https://wire.example/aaaaaa01",
            title="A chip is announced",
            published=NOW - HOUR,
            seen_at=NOW,
            worded=True,
        ),
    )


def test_what_is_known_by_its_headline_only_is_known_as_such(store: SqlStore) -> None:
    stored(store, item(keys=("guid",), summary="", body=""))
    with store.read() as tx:
        assert not tx.items.known(["guid"])["guid"].worded


def test_edits_are_counted(store: SqlStore) -> None:
    stored(store, item(keys=("guid",)))
    for count in range(3):
        with store.begin() as tx:
            assert tx.items.known(["guid"])["guid"].revised == count
            tx.items.revise([item(content_hash=f"edit {count}")])


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_what_was_taken_for_old_may_be_shown_fresh_and_never_the_reverse(
    store: SqlStore, before: bool, edit: bool, after: bool
) -> None:
    stored(store, item(keys=("guid",), baseline=before, published=None))
    with store.begin() as tx:
        tx.items.revise([item(baseline=edit)])
        known = tx.items.known(["guid"])["guid"]
    assert (known.baseline, known.published) == (after, NOW - HOUR)


def test_more_keys_than_a_statement_takes_parameters(store: SqlStore) -> None:
    keys = tuple(f"key-{number}" for number in range(1_201))
    stored(store, item(keys=keys))
    with store.read() as tx:
        assert len(tx.items.known([*keys, "other"])) == 1_201


def test_the_first_owner_keeps_a_key(store: SqlStore) -> None:
    stored(store, item(keys=("shared",)), item("bbbbbb02", keys=("shared", "own")))
    stored(store, item("cccccc03", keys=("shared",)))
    with store.begin() as tx:
        tx.items.remember({"shared": "bbbbbb02", "later": "bbbbbb02"}, NOW + HOUR)
        owners = {key: known.item_id for key, known in tx.items.known(["shared", "own", "later"]).items()}
    assert owners == {"shared": "aaaaaa01", "own": "bbbbbb02", "later": "bbbbbb02"}


@pytest.mark.parametrize(
    ("stored_at", "new", "kept"),
    [(NOW, NOW - HOUR, NOW - HOUR), (NOW, NOW + HOUR, NOW), (NOW, None, NOW), (None, NOW, NOW)],
)
def test_a_revision_makes_a_date_only_earlier(
    store: SqlStore, stored_at: datetime | None, new: datetime | None, kept: datetime
) -> None:
    stored(store, item(published=stored_at))
    with store.begin() as tx:
        tx.items.revise([item(published=new)])
    with store.read() as tx:
        found = tx.items.get("aaaaaa01")
        assert found
        assert found.published == kept


def test_adding_again_changes_nothing(store: SqlStore) -> None:
    stored(store, item())
    stored(store, item(title="Another text", keys=()))
    with store.read() as tx:
        assert tx.items.get("aaaaaa01") == item()
        assert tx.items.count_since(NOW - HOUR) == 1


def test_a_revision_replaces_the_text_and_asks_for_new_verdicts(store: SqlStore) -> None:
    stored(store, item(published=None))
    edited = item(
        feed_id="other",
        title="A chip is withdrawn",
        content_hash="edited",
        published=NOW + HOUR,
        seen_at=NOW + HOUR,
        keys=("new key",),
        baseline=True,
    )
    with store.begin() as tx:
        tx.items.judge([judgement("aaaaaa01", verdict())], NOW)
        tx.items.revise([edited])
    with store.read() as tx:
        assert tx.items.unjudged(10) == [replace(edited, seen_at=NOW, baseline=False)]
        assert [
            found.id for found, _ in tx.items.search(topic=None, since=None, words=["withdrawn"], limit=9)
        ]
        assert not tx.items.search(topic=None, since=None, words=["announced"], limit=9)


def test_an_edit_does_not_make_an_article_new(store: SqlStore) -> None:
    stored(store, item())
    with store.begin() as tx:
        tx.items.revise([item(title="Edited", published=NOW + HOUR)])
        found = tx.items.get("aaaaaa01")
    assert found is not None
    assert found.published == NOW - HOUR


def test_the_oldest_are_judged_first(store: SqlStore) -> None:
    stored(
        store,
        item("cccccc03", published=None, seen_at=NOW - 3 * HOUR),
        item("bbbbbb02", published=NOW - 2 * HOUR),
        item("aaaaaa01", published=NOW - 2 * HOUR),
        item("dddddd04", published=NOW - 4 * HOUR),
    )
    with store.begin() as tx:
        assert [one.id for one in tx.items.unjudged(3)] == ["dddddd04", "cccccc03", "aaaaaa01"]
        tx.items.judge([judgement("dddddd04")], NOW)
        assert [one.id for one in tx.items.unjudged(9)] == ["cccccc03", "aaaaaa01", "bbbbbb02"]


def test_what_was_old_already_waits_for_what_is_new(store: SqlStore) -> None:
    stored(
        store,
        item("aaaaaa01", baseline=True, published=NOW - 3 * HOUR),
        item("bbbbbb02", published=NOW),
        item("cccccc03", baseline=True, published=NOW - 4 * HOUR),
    )
    with store.read() as tx:
        assert [one.id for one in tx.items.unjudged(9)] == ["bbbbbb02", "cccccc03", "aaaaaa01"]
        assert [one.id for one in tx.items.unjudged(1)] == ["bbbbbb02"]


def test_what_was_edited_since_it_was_read_is_not_judged(store: SqlStore) -> None:
    stored(store, item(), item("bbbbbb02"))
    read = [judgement("aaaaaa01", verdict()), judgement("bbbbbb02", verdict("bbbbbb02"))]
    with store.begin() as tx:
        tx.items.revise([item(title="Edited", content_hash="another")])
        assert tx.items.judge(read, NOW) == {"bbbbbb02"}
        assert tx.items.judge([judgement("unknown"), *read[:1]], NOW) == ()
    with store.read() as tx:
        assert [one.id for one in tx.items.unjudged(9)] == ["aaaaaa01"]
        assert tx.items.verdicts("aaaaaa01") == ()
        assert tx.items.verdicts("bbbbbb02") == read[1].verdicts


def test_verdicts_come_back_whole_and_are_replaced_whole(store: SqlStore) -> None:
    stored(store, item())
    low, high = verdict(topic_id="deals", score=0.1, matched=False, nearest=None, spans=()), verdict()
    with store.begin() as tx:
        tx.items.judge([judgement("aaaaaa01", low, high)], NOW)
        assert tx.items.verdicts("aaaaaa01") == (high, low)
        tx.items.judge([judgement("aaaaaa01", replace(low, score=1 / 3))], NOW + MINUTE)
        assert tx.items.verdicts("aaaaaa01") == (replace(low, score=1 / 3),)
        assert tx.items.verdicts("unknown") == ()


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("abcdef0123", "abcdef0123"),
        ("abcdef0", "abcdef0123"),
        ("abcdef", None),
        ("abcde", None),
        ("ABCDEF0", None),
        ("%bcdef0", None),
        ("abcdef01234", None),
        ("https://www.wire.example/abcdef0123?utm_source=feed", "abcdef0123"),
        ("https://wire.example/abcdef9999", "abcdef9999"),
        ("", None),
    ],
)
def test_a_reference_names_one_item(store: SqlStore, reference: str, found: str | None) -> None:
    stored(store, item("abcdef0123"), item("abcdef9999"), item("ffffff00", url="", canonical_url=""))
    with store.read() as tx:
        assert getattr(tx.items.get(reference), "id", None) == found


def test_an_address_of_two_items_names_the_newest(store: SqlStore) -> None:
    stored(
        store,
        item("aaaaaa01", url="https://wire.example/live", published=NOW - 2 * HOUR),
        item("bbbbbb02", url="https://wire.example/live", published=NOW - HOUR),
    )
    with store.read() as tx:
        assert getattr(tx.items.get("https://wire.example/live"), "id", None) == "bbbbbb02"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["bbbbbb02", "aaaaaa01"]),
        (["ÜBERRASCHUNG"], ["aaaaaa01"]),
        (["überraschung", "zwei"], ["aaaaaa01"]),
        (["strasse"], ["aaaaaa01"]),
        (["100%"], ["bbbbbb02"]),
        (["1%0"], []),
        (["_"], []),
        (["body"], []),
        (["chip", "zwei"], []),
    ],
)
def test_all_words_occur_in_any_case(store: SqlStore, words: list[str], found: list[str]) -> None:
    stored(
        store,
        item("aaaaaa01", title="Überraschung", summary="Zwei in der Straße", body="body"),
        item("bbbbbb02", title="Chip", summary="100% sure", published=NOW),
    )
    with store.read() as tx:
        results = tx.items.search(topic=None, since=None, words=words, limit=9)
    assert [one.id for one, _ in results] == found


def test_search_by_topic_time_and_number(store: SqlStore) -> None:
    stored(
        store, *(item(f"aaaaaa0{n}", published=NOW + n * MINUTE, seen_at=NOW + n * MINUTE) for n in range(4))
    )
    with store.begin() as tx:
        for n in range(4):
            off_topic = verdict(f"aaaaaa0{n}", "other", matched=False)
            tx.items.judge([judgement(f"aaaaaa0{n}", verdict(f"aaaaaa0{n}", matched=n != 1), off_topic)], NOW)
        results = tx.items.search(topic="silicon", since=NOW, words=["chip"], limit=9)
        assert [one.id for one, _ in results] == ["aaaaaa03", "aaaaaa02"]
        assert [one.topic_id for one in results[0][1]] == ["silicon"]
        assert len(tx.items.search(topic="silicon", since=None, words=[], limit=2)) == 2
        assert not tx.items.search(topic="other", since=None, words=[], limit=9)
        assert tx.items.count_since(NOW) == 3


def test_pruning_forgets_texts_and_idle_verdicts_and_keeps_identities(store: SqlStore) -> None:
    old, young, waiting = item("aaaaaa01"), item("bbbbbb02", seen_at=NOW + HOUR), item("cccccc03")
    stored(store, old, young, waiting)
    with store.begin() as tx:
        tx.items.judge([judgement(old.id, verdict(old.id), verdict(old.id, "deals", matched=False))], NOW)
        tx.items.judge([judgement(young.id)], NOW)
        assert tx.items.prune(NOW + MINUTE, 9) == 1
        assert tx.items.prune(NOW + MINUTE, 9) == 0
    with store.read() as tx:
        assert tx.items.get(old.id) == replace(old, summary="", body="")
        found = tx.items.search(topic=None, since=None, words=["sentences"], limit=9)
        assert [each.id for each, _ in found] == [young.id, waiting.id], "nor is the text there folded"
        assert len(tx.items.search(topic=None, since=None, words=["announced"], limit=9)) == 3
        assert tx.items.get(young.id) == young
        assert tx.items.get(waiting.id) == waiting
        assert [each.topic_id for each in tx.items.verdicts(old.id)] == ["silicon"]
        assert tx.items.known(old.keys)[old.keys[0]].content_hash == old.content_hash


def test_so_many_are_pruned_as_asked_for_the_oldest_first(store: SqlStore) -> None:
    ages = {"aaaaaa01": 2, "bbbbbb02": 3, "cccccc03": 1}
    stored(store, *(item(name, seen_at=NOW - age * HOUR) for name, age in ages.items()))
    with store.begin() as tx:
        tx.items.judge([judgement(name) for name in ages], NOW)
        assert tx.items.prune(NOW, 2) == 2
        left = [name for name in ages if tx.items.get(name).body]  # type: ignore[union-attr]
        assert left == ["cccccc03"]
        assert tx.items.prune(NOW, 2) == 1
        assert tx.items.prune(NOW, 2) == 0


def test_what_was_edited_or_judged_anew_is_pruned_anew(store: SqlStore) -> None:
    edited, judged = item("aaaaaa01"), item("bbbbbb02")
    stored(store, edited, judged)
    with store.begin() as tx:
        tx.items.judge([judgement(edited.id), judgement(judged.id)], NOW)
        assert tx.items.prune(NOW + MINUTE, 9) == 2
        news = replace(edited, summary="What is new", content_hash="edited")
        tx.items.revise([news])
        assert tx.items.prune(NOW + MINUTE, 9) == 0  # not judged yet
        anew = judgement(news.id, content_hash="edited")
        tx.items.judge([anew, judgement(judged.id, verdict(judged.id, matched=False))], NOW)
        assert tx.items.prune(NOW + MINUTE, 9) == 2
        assert tx.items.verdicts(judged.id) == ()
        assert tx.items.prune(NOW + MINUTE, 9) == 0


# ── what was judged, again ───────────────────────────────────────────────────────────────────────


def test_judged_items_come_in_pages_oldest_first(store: SqlStore) -> None:
    ids = [f"aaaaaa{number:02}" for number in range(7)]
    # Three at one time: the page's edge may fall between them.
    times = [NOW + MINUTE * (number // 3) for number in range(7)]
    stored(store, *(item(item_id, seen_at=at) for item_id, at in zip(ids, times, strict=True)))
    with store.begin() as tx:
        tx.items.judge([judgement(item_id, verdict(item_id)) for item_id in ids[:6]], NOW)
    found: list[tuple[Item, Sequence[Verdict]]] = []
    with store.read() as tx:
        page = tx.items.judged(limit=2)
        while page:
            found += page
            page = tx.items.judged(after=page[-1][0], limit=2)
        assert [each.id for each, _ in found] == ids[:6]
        assert [[one.item_id for one in verdicts] for _, verdicts in found] == [[each] for each in ids[:6]]
        assert [each.id for each, _ in tx.items.judged(since=NOW, limit=9)] == ids[3:6]
        assert (tx.items.count_judged(None), tx.items.count_judged(NOW)) == (6, 3)


def test_judged_items_can_be_asked_for_by_when_they_were_judged_and_by_feedback(store: SqlStore) -> None:
    stored(store, item("aaaaaa01"), item("aaaaaa02"))
    with store.begin() as tx:
        tx.items.judge([judgement("aaaaaa01", verdict("aaaaaa01", profile_version="v1+a1"))], NOW)
        tx.items.judge([judgement("aaaaaa02", verdict("aaaaaa02"))], NOW + HOUR)
    with store.read() as tx:
        assert [each.id for each, _ in tx.items.judged(judged_after=NOW, limit=9)] == ["aaaaaa02"]
        assert [each.id for each, _ in tx.items.judged(corrected=True, limit=9)] == ["aaaaaa01"]


def test_near_misses_are_the_nearest_of_a_window_that_did_not_match(store: SqlStore) -> None:
    scores = {"aaaaaa01": 0.3, "aaaaaa02": 0.45, "aaaaaa03": 0.2, "aaaaaa04": 0.9, "aaaaaa05": 0.4}
    stored(store, *(item(item_id) for item_id in scores), item("aaaaaa06", baseline=True))
    stored(store, item("aaaaaa07", seen_at=NOW - HOUR))
    with store.begin() as tx:
        tx.items.judge(
            [
                judgement(item_id, verdict(item_id, score=score, matched=score >= 0.5))
                for item_id, score in {**scores, "aaaaaa06": 0.4, "aaaaaa07": 0.4}.items()
            ],
            NOW,
        )
    window = Window(start=NOW - MINUTE, end=NOW)
    with store.read() as tx:
        found = tx.items.missed(["silicon"], window, 0.5, 9)
        assert [(each.id, one.score) for each, one in found] == [
            ("aaaaaa02", 0.45),
            ("aaaaaa05", 0.4),
            ("aaaaaa01", 0.3),
        ]
        assert len(tx.items.missed(["silicon"], window, 0.5, 1)) == 1
        assert not tx.items.missed(["deals"], window, 0.5, 9)


def test_amended_verdicts_are_replaced_and_nothing_counts_as_judged_again(store: SqlStore) -> None:
    stored(store, item())
    kept, before = verdict(topic_id="deals"), verdict()
    with store.begin() as tx:
        tx.items.judge([judgement("aaaaaa01", before, kept)], NOW)
    after = replace(
        before, score=0.1, matched=False, shares=(), nearest=None, spans=(), profile_version="v1+a1"
    )
    with store.begin() as tx:
        tx.items.amend([after])
        tx.items.amend([])
    with store.read() as tx:
        assert set(tx.items.verdicts("aaaaaa01")) == {after, kept}
        assert not tx.items.judged(judged_after=NOW, limit=9)
        assert not tx.items.unjudged(9)
