"""The filters for pipelines: JSON Lines in, JSON Lines out, one answer a line, order kept.

A bad line is answered with an error object that names its number, and never ends the run.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import require_folder
from bot.cli.options import CONFIG, AsJson, ConfigDir, UnneededConfig, UnneededData
from bot.cli.output import note, print_json, print_line, print_table, say
from bot.cli.rows import BadLine, Row, read_rows, reading
from bot.errors import ChipwatchError, FeedError, UsageError

if TYPE_CHECKING:
    from bot.core.evaluate import Report
    from bot.core.features import Features
    from bot.core.profile import Judge
    from bot.model import Verdict

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE", help="Read this file; without it, or with -, standard input.", show_default=False
    ),
]
_IN_MEMORY = 8_000
"""Items that grouping remembers of a stream, some 80 MB: one without dates never closes a story."""


def classify(file: File = None, config: ConfigDir = CONFIG, _data: UnneededData = None) -> None:
    """Judge items against the topics: a probability, a decision and the reasons, a line each.

    [dim]Example: chipwatch classify < items.jsonl | jq -r 'select(.topics[].matched) | .id'[/dim]
    """
    from bot.core.classify import nearest

    judge = _judge(config)
    with reading(file) as lines:
        for row in read_rows(lines):
            if isinstance(row, BadLine):
                print_line(row.answer())
                continue
            features, verdicts = _verdicts(row, judge)
            found = nearest(features, judge)
            print_line(
                {
                    "id": row.id,
                    "topics": [_spell_verdict(verdict) for verdict in verdicts],
                    "nearest": found
                    and {
                        "exemplar": found.exemplar,
                        "similarity": round(found.similarity, 4),
                        "relation": found.relation.value,
                    },
                }
            )


def group(file: File = None, _config: UnneededConfig = None, _data: UnneededData = None) -> None:
    """Group items that come in time order into stories; each line is answered before the next is read.

    Where an item shows that two stories are one, its line names in [bold]merges[/bold] the one that is no
    more; later items are in the one that stays.

    [dim]Example: chipwatch group < items.jsonl | jq -r .story | sort | uniq -c | sort -rn[/dim]
    """
    from bot.core.recollection import Recollection
    from bot.core.stories import Grouper, StoryPolicy
    from bot.core.urls import host
    from bot.model import Article

    policy = StoryPolicy()
    grouper = Grouper(policy, Recollection(policy.window, most_items=_IN_MEMORY))
    # The grouper knows items by a text of its own: ids of a stream may be numbers, or stand twice.
    ids: dict[str, Any] = {}
    with reading(file) as lines:
        for number, row in enumerate(read_rows(lines)):
            if isinstance(row, BadLine):
                print_line(row.answer())
                continue
            key = str(row.id) if str(row.id) not in ids else f"{row.id}#{number}"
            ids[key] = row.id
            placement = grouper.place(
                Article(
                    id=key,
                    title=row.title,
                    summary=row.summary,
                    body=row.body,
                    source=str(row.raw.get("source") or host(row.url)),
                    published=row.published,
                )
            )
            copy_of = placement.copy_of
            merges = {"merges": list(placement.merges)} if placement.merges else {}
            answer = {"id": row.id, "story": placement.story_id, "copy_of": copy_of and ids.get(copy_of)}
            print_line(answer | merges)


def parse(
    file: File = None,
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="Address the document came from; relative links need it."),
    ] = "",
    content_type: Annotated[
        str, typer.Option("--content-type", metavar="TYPE", help="As its server named it.")
    ] = "",
    _config: UnneededConfig = None,
    _data: UnneededData = None,
) -> None:
    """Read a feed document (RSS, Atom, RDF, JSON Feed): a line for the feed, then a line an item.

    [dim]Example: curl -s https://example.org/feed | chipwatch parse --url https://example.org/feed[/dim]
    """
    from bot.core.normalise import as_published
    from bot.core.parse import parse as parse_document

    with reading(file) as source:
        body = source.read()
    try:
        document = parse_document(body, content_type, url)
    except FeedError as error:
        print_line({"error": str(error)})
        raise typer.Exit(1) from None
    print_line(
        {
            "kind": "feed",
            "title": document.title,
            "url": document.link,
            "language": document.language,
            "format": document.format,
            "entries": len(document.entries),
            "left_out": document.left_out,
            "faults": list(document.faults),
        }
    )
    for item in as_published(document, "", url, datetime.now(UTC)):
        print_line(
            {
                "kind": "item",
                "id": item.id,
                "url": item.url,
                "canonical_url": item.canonical_url,
                "title": item.title,
                "summary": item.summary,
                "body": item.body,
                "author": item.author,
                "language": item.language,
                "published": item.published,
            }
        )


def eval_(
    file: File = None,
    config: ConfigDir = CONFIG,
    as_json: AsJson = False,
    errors: Annotated[bool, typer.Option("--errors/--no-errors", help="List the mistakes.")] = True,
    borderline: Annotated[bool, typer.Option(help="Count items on which careful readers differ.")] = True,
    _data: UnneededData = None,
) -> None:
    """Compare verdicts with labels: precision, recall, F1 and average precision a topic, errors listed.

    Input as for classify, each line with its labels: {"id": …, "title": …, "topics": ["mtia"]}.

    [dim]Example: chipwatch eval labelled.jsonl --no-errors[/dim]
    """
    from bot.core.evaluate import Labelled, evaluate

    judge = _judge(config)
    rows, bad = [], 0
    with reading(file) as lines:
        for row in read_rows(lines):
            if isinstance(row, BadLine) or not isinstance(row.raw.get("topics"), list):
                problem = (
                    row.answer() if isinstance(row, BadLine) else {"id": row.id, "error": 'needs "topics"'}
                )
                note(f"chipwatch: passed over: {json.dumps(problem, ensure_ascii=False)}")
                bad += 1
                continue
            rows.append(
                Labelled(
                    item_id=str(row.id),
                    title=row.title,
                    topics=frozenset(map(str, row.raw["topics"])),
                    verdicts=_verdicts(row, judge)[1],
                    borderline=bool(row.raw.get("borderline")),
                )
            )
    if bad and not rows:
        raise ChipwatchError("no line could be evaluated")
    report = evaluate(rows, with_borderline=borderline)
    if as_json:
        from dataclasses import asdict

        print_json(asdict(report) | {"bad_lines": bad})
    else:
        _print_report(report, errors)


def _print_report(report: Report, errors: bool) -> None:
    columns = (
        "topic",
        "items",
        "found",
        "false",
        "missed",
        "precision",
        "recall",
        "F1",
        "AP",
        "best F1",
        "ECE",
    )
    rows: list[tuple[object, ...]] = [
        (
            topic.topic,
            topic.positives,
            topic.true_positives,
            topic.false_positives,
            topic.false_negatives,
            *_ratios(topic.precision, topic.recall, topic.f1, topic.average_precision),
            *_ratios(topic.best_f1, topic.calibration_error),
        )
        for topic in report.topics
    ]
    macro = _ratios(report.precision, report.recall, report.f1, report.average_precision)
    rows.append(
        ("macro", report.rows, "", "", "", *macro, *_ratios(report.best_f1, report.calibration_error))
    )
    print_table(columns, rows, empty="no topics")
    for label in report.unknown_labels:
        note(f'chipwatch: the items name a topic "{label}" that is not configured')
    if errors:
        for topic in report.topics:
            for mistake in topic.mistakes:
                kind = "missed" if mistake.missed else "false "
                doubt = " (borderline)" if mistake.borderline else ""
                say(f"{topic.topic}  {kind} {mistake.score:.2f}  {mistake.item_id}  {mistake.title}{doubt}")
                say(f"    {mistake.why}")


def _ratios(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in values)


def _judge(config: Path) -> Judge:
    """The judge alone: topics, entities and corpus are all that filters need."""
    from bot.catalogue import load_catalogue
    from bot.configuration import make_judge

    catalogue = load_catalogue(require_folder(config))
    if not catalogue.topics:
        raise UsageError(f"{config / 'topics'} holds no topic; write one: docs/topics.md shows how")
    return make_judge(catalogue)


def _verdicts(row: Row, judge: Judge) -> tuple[Features, tuple[Verdict, ...]]:
    from bot.core.classify import classify as judge_features
    from bot.core.features import extract
    from bot.core.normalise import LONGEST_BODY, LONGEST_SUMMARY, LONGEST_TITLE

    features = extract(
        str(row.id),
        # As much as is kept of a feed's entry: a line of megabytes is judged as soon as any other.
        title=row.title[:LONGEST_TITLE],
        summary=row.summary[:LONGEST_SUMMARY],
        body=row.body[:LONGEST_BODY],
        language=row.language,
        published=row.published,
        lexicon=judge.lexicon,
    )
    return features, judge_features(features, judge)


def _spell_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "topic": verdict.topic_id,
        "score": round(verdict.score, 4),
        "matched": verdict.matched,
        "because": [
            {"signal": share.signal, "share": round(share.share, 4), "detail": share.detail}
            for share in verdict.shares
        ],
    }
