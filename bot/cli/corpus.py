"""``chipwatch corpus``: the seed corpus, one labelled article a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.articles import is_address, read_article, slug
from bot.cli.commands import Commands
from bot.cli.opening import require_folder, tell_of_daemon
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, UnneededData
from bot.cli.output import print_json, print_table, say
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.catalogue import Catalogue
    from bot.core.article import ExtractedArticle
    from bot.core.duplicates import Shelf
    from bot.model import Exemplar

app = Commands("The seed corpus: example articles that say what a topic is.")


@app.command()
def add(
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE_OR_URL", help="Clean text, a saved page, or an address.")
    ],
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="ID", help="Label: a topic they are examples of; may be repeated."),
    ] = None,
    negative: Annotated[
        bool, typer.Option("--negative", help="Label: examples of what is not meant.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be kept; write nothing.")
    ] = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Import example articles: the article is kept, navigation and related news are dropped.

    Without a label an article gets the only topic there is, or the topics that match it by now.

    [dim]Example: chipwatch corpus add --topic mtia saved-page.html notes.txt[/dim]
    """
    from bot.catalogue import load_catalogue
    from bot.core.duplicates import Shelf
    from bot.core.lexicon import Lexicon

    catalogue = load_catalogue(require_folder(config))
    label = _labeller(catalogue, topic or [], negative)
    shelf = Shelf(catalogue.exemplars, Lexicon(catalogue.entities))
    taken = {exemplar.id for exemplar in catalogue.exemplars}
    failed = 0
    for source in sources:
        try:
            article = read_article(source, config)
        except UsageError as error:
            say(f"✗ {source}: {error}")
            failed += 1
            continue
        exemplar = replace(
            _exemplar(_file_name(article.title, taken), article),
            url=source if is_address(source) else "",
            topics=frozenset(label(article)),
        )
        exemplar = _told(exemplar, shelf)
        taken.add(exemplar.id)
        shelf.add(exemplar)
        _print_import(source, exemplar, article.dropped_lines, negative)
        path = config / "corpus" / f"{exemplar.id}.md"
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_document(exemplar), encoding="utf-8")
            say(f"    written to {path}")
    if not dry_run and failed < len(sources):
        tell_of_daemon(data)
    if failed:
        raise typer.Exit(1)


@app.command("list")
def list_(config: ConfigDir = CONFIG, _data: UnneededData = None, as_json: AsJson = False) -> None:
    """List the articles with their labels.

    [dim]Example: chipwatch corpus list[/dim]
    """
    from bot.catalogue import load_catalogue

    exemplars = load_catalogue(require_folder(config)).exemplars
    if as_json:
        print_json([_spell(exemplar) for exemplar in exemplars])
        return
    print_table(
        ("article", "published", "topics", "title", "relation"),
        (
            (
                exemplar.id,
                exemplar.published or "–",
                ", ".join(sorted(exemplar.topics)) or "none (negative)",
                exemplar.title,
                _relation(exemplar),
            )
            for exemplar in exemplars
        ),
        empty=f"{config / 'corpus'} holds no article; add one with: chipwatch corpus add FILE",
    )


@app.command()
def show(name: str, config: ConfigDir = CONFIG, _data: UnneededData = None, as_json: AsJson = False) -> None:
    """Print one article.

    [dim]Example: chipwatch corpus show mtia-artemis[/dim]
    """
    exemplar = _find(config, name)
    if as_json:
        print_json(_spell(exemplar) | {"text": exemplar.text})
        return
    say(exemplar.title)
    say(f"  topics: {', '.join(sorted(exemplar.topics)) or 'none: a negative example'}")
    for line in (exemplar.url, str(exemplar.published or ""), _relation(exemplar)):
        if line:
            say(f"  {line}")
    say()
    say(exemplar.text)


@app.command()
def check(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit status 1 where a label looks wrong, for scripts.")
    ] = False,
    config: ConfigDir = CONFIG,
    _data: UnneededData = None,
    as_json: AsJson = False,
) -> None:
    """Say which articles disagree with their label, repeat others, or teach nothing.

    Each article is judged by a corpus without it. What is found is advice: near misses are what
    negative examples are for, and a good one may be hard to judge.

    [dim]Example: chipwatch corpus check[/dim]
    """
    from bot.catalogue import load_catalogue
    from bot.configuration import make_judge
    from bot.core.amounts import plural
    from bot.core.audit import audit

    catalogue = load_catalogue(require_folder(config))
    findings = audit(catalogue.exemplars, make_judge(catalogue))
    suspicious = sum(finding.is_suspicious for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            nearest = (
                f"; nearest of them {finding.other}" if finding.doubt == "label" and finding.other else ""
            )
            say(f"{finding.exemplar}: {finding.problem}{nearest}")
        wrong = f"{plural(suspicious, 'label')} {'looks' if suspicious == 1 else 'look'} wrong"
        articles = plural(len(catalogue.exemplars), "article")
        say(f"{articles}, {wrong}, {plural(len(findings) - suspicious, 'other remark')}")
    if strict and suspicious:
        raise typer.Exit(1)


@app.command()
def remove(name: str, config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:
    """Take an article out of the corpus.

    [dim]Example: chipwatch corpus remove old-example[/dim]
    """
    from bot.catalogue import load_catalogue

    exemplar = _find(config, name)
    catalogue = load_catalogue(require_folder(config))
    users = [topic.id for topic in catalogue.topics if exemplar.id in topic.exemplars]
    users += [other.id for other in catalogue.exemplars if exemplar.id in (other.copy_of, other.same_event)]
    if users:
        raise UsageError(f"{name} is named by {', '.join(users)}; take it out there first")
    (config / "corpus" / f"{exemplar.id}.md").unlink()
    say(f"{exemplar.id} is removed")
    tell_of_daemon(data)


def _exemplar(name: str, article: ExtractedArticle) -> Exemplar:
    from bot.model import Exemplar

    return Exemplar(
        id=name,
        title=article.title,
        text=article.text,
        published=article.published,
        language=article.language,
    )


def _told(exemplar: Exemplar, shelf: Shelf) -> Exemplar:
    """The article, marked where the corpus has its text or its event already."""
    if copied := shelf.copy_of(exemplar):
        return replace(exemplar, copy_of=copied.id)
    if sibling := shelf.same_event(exemplar):
        return replace(exemplar, same_event=sibling.same_event or sibling.id)
    return exemplar


def _print_import(source: str, exemplar: Exemplar, dropped: int, negative: bool) -> None:
    say(f"✓ {source}")
    language = f", language {exemplar.language}" if exemplar.language else ""
    kept = len(exemplar.text.split())
    say(f"    “{exemplar.title}”, {kept} words kept, {dropped} lines dropped{language}")
    if exemplar.copy_of:
        say(f"    the same text as {exemplar.copy_of}: marked as its copy, counted once")
    if exemplar.same_event:
        say(f"    tells the same event as {exemplar.same_event}: marked so; other events teach more")
    say(f"    {_label_words(sorted(exemplar.topics), negative)}")


def _document(exemplar: Exemplar) -> str:
    import tomlkit

    matter = tomlkit.document()
    matter["title"] = exemplar.title
    if exemplar.url:
        matter["url"] = exemplar.url
    if exemplar.published:
        matter["published"] = exemplar.published
    matter["topics"] = sorted(exemplar.topics)
    for key in ("copy_of", "same_event", "language"):
        if value := getattr(exemplar, key):
            matter[key] = value
    return f"+++\n{tomlkit.dumps(matter)}+++\n\n{exemplar.text}\n"


def _file_name(title: str, taken: set[str]) -> str:
    stem = slug(title) or "article"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def _labeller(
    catalogue: Catalogue, topics: list[str], negative: bool
) -> Callable[[ExtractedArticle], list[str]]:
    """How articles get their topics: as told, or else the only one, or those that match."""
    from bot.documents import unknown

    known = [topic.id for topic in catalogue.topics]
    for name in topics:
        if name not in known:
            raise UsageError(unknown("topic", name, known))
    if topics and negative:
        raise UsageError("--topic and --negative exclude each other")
    if topics or negative or len(known) < 2:
        told = topics or ([] if negative else known)
        return lambda _article: told

    from bot.configuration import make_judge
    from bot.core.classify import classify
    from bot.core.features import extract

    judge = make_judge(catalogue)

    def matching(article: ExtractedArticle) -> list[str]:
        features = extract("", title=article.title, body=article.text, lexicon=judge.lexicon)
        return [verdict.topic_id for verdict in classify(features, judge) if verdict.matched]

    return matching


def _label_words(topics: list[str], negative: bool) -> str:
    if topics:
        return f"an example of {', '.join(topics)}"
    if negative:
        return "an example of what is not meant"
    return "matches no topic, so it counts as an example of what is not meant; label it with --topic"


def _find(config: Path, name: str) -> Exemplar:
    from bot.catalogue import load_catalogue
    from bot.documents import unknown

    exemplars = {exemplar.id: exemplar for exemplar in load_catalogue(require_folder(config)).exemplars}
    if name not in exemplars:
        raise UsageError(unknown("article", name, list(exemplars)))
    return exemplars[name]


def _relation(exemplar: Exemplar) -> str:
    if exemplar.copy_of:
        return f"copy of {exemplar.copy_of}"
    return f"same event as {exemplar.same_event}" if exemplar.same_event else ""


def _spell(exemplar: Exemplar) -> dict[str, object]:
    return {
        "id": exemplar.id,
        "title": exemplar.title,
        "url": exemplar.url,
        "published": exemplar.published,
        "topics": sorted(exemplar.topics),
        "copy_of": exemplar.copy_of,
        "same_event": exemplar.same_event,
        "language": exemplar.language,
    }
