import pytest

from bot.core.seen import SIZE, Request, all_distinct, entry_hashes, hashes_in, unseen

BASE = "https://e.example/feed"


def hashes(
    *entries: str, around: tuple[str, ...] = (), base_url: str = BASE, language: str = ""
) -> list[bytes]:
    return entry_hashes(entries, Request(base_url=base_url, language=language, max_entries=9), around)


def test_hashes_are_the_same_everywhere_and_differ_by_entry() -> None:
    assert b"".join(hashes("a", "b")).hex() == "8adf3395f62ac4a51b99d57eed0c4434"
    assert len({*hashes("a", "b", "a")}) == 2


def test_what_bears_upon_an_entry_is_part_of_its_hash() -> None:
    plain = hashes("a")
    assert plain != hashes("a", around=("<rss>",))
    assert plain != hashes("a", base_url="https://e.example/other")
    assert plain != hashes("a", language="de")
    assert hashes("a", around=("x", "y")) != hashes("a", around=("xy",))


def test_what_is_stored_is_found_again() -> None:
    all_of_them = hashes("a", "b", "c")
    seen = hashes_in(b"".join(all_of_them[1:]))
    assert unseen(all_of_them, seen) == [0]
    assert unseen(all_of_them, hashes_in(b"")) == [0, 1, 2]
    assert all(len(each) == SIZE for each in all_of_them)


@pytest.mark.parametrize(
    ("links", "distinct"),
    [
        (["https://e.example/1", "https://e.example/2"], True),
        (["https://e.example/?p=1", "https://e.example/?p=2"], True),
        (["https://e.example/1", "http://E.example/1/"], False),
        (["https://e.example/1?utm_source=a", "https://e.example/1#top"], False),
        (["https://e.example/%7Ea", "https://e.example/~a"], False),
        (["/1", "https://e.example/1"], False),
        (["https://e.example/a/../1", "https://e.example/1"], False),
        (["https://e.example:443/1", "https://e.example/1"], False),
    ],
)
def test_entries_of_one_address_are_told(links: list[str], distinct: bool) -> None:
    assert all_distinct([({str(n)}, {link}) for n, link in enumerate(links)], BASE) is distinct


def test_entries_of_one_guid_are_told() -> None:
    assert all_distinct([({"1"}, set()), ({"2"}, set()), (set(), set())], BASE)
    assert not all_distinct([({"1"}, {"https://e.example/1"}), ({"1"}, {"https://e.example/2"})], BASE)
