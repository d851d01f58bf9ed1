"""The made-up digests use everything that a template may come across."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from bot.channels.specimen import specimens
from bot.core.render import Cut, clean
from bot.core.views import DigestView, SectionView, SourceView, StoryView, view


def nodes(value: Any) -> Iterator[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        for each in fields(value):
            yield from nodes(getattr(value, each.name))
    elif isinstance(value, tuple):
        for inner in value:
            yield from nodes(inner)


def test_every_field_of_every_view_is_filled_somewhere_and_empty_somewhere_else() -> None:
    found = [node for _, digest in specimens() for node in nodes(view(Cut(digest=digest, left_out=1)))]
    for kind in (DigestView, SectionView, StoryView, SourceView):
        for each in fields(kind):
            if each.name not in {"part"}:
                assert any(getattr(node, each.name) for node in found if isinstance(node, kind)), each.name
    sometimes = {"lead", "url", "facts", "news", "sources", "because", "relation"}
    stories = [node for node in found if isinstance(node, StoryView)]
    assert all(any(not getattr(story, name) for story in stories) for name in sometimes)
    assert {story.status for story in stories} == {"new", "updated", "late"}
    assert {node.kind for node in found if isinstance(node, DigestView)} == {"digest", "alert", "alarm"}


def test_they_need_no_cleaning() -> None:
    for of, digest in specimens():
        assert clean(digest) == digest, of
