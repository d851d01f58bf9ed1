"""``chipwatch corpus``: the seed corpus, one labelled article a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.commands import Commands
from bot.cli.opening import require_folder
from bot.cli.options import CONFIG, AsJson, ConfigDir
from bot.cli.output import print_json, print_table, say
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.catalogue import Catalogue
    from bot.core.article import ExtractedArticle
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
) -> None:
    """Import example articles: the article is kept, navigation and related news are dropped.

    Without a label an article gets the only topic there is, or the topics that match it by now.

    [dim]Example: chipwatch corpus add --topic mtia saved-page.html notes.txt[/dim]
    """
    from bot.catalogue import load_catalogue

    catalogue = load_catalogue(require_folder(config))
    label = _labeller(catalogue, topic or [], negative)
    known = list(catalogue.exemplars)
    failed = 0
    for source in sources:
        try:
            article = _extract(source, config)
        except UsageError as error:
            say(f"✗ {source}: {error}")
            failed += 1
            continue
        copy_of = _copied(article, known)
        name = _file_name(article.title, {exemplar.id for exemplar in known})
        known.append(_exemplar(name, article))
        kept = len(article.text.split())
        say(f"✓ {source}")
        say(f"    “{article.title}”, {kept} words kept, {article.dropped_lines} lines dropped")
        if copy_of:
            say(f"    the same text as {copy_of.id} (“{copy_of.title}”): marked as its copy, counted once")
        topics = label(article)
        say(f"    {_label_words(topics, negative)}")
        path = config / "corpus" / f"{name}.md"
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_document(article, source, topics, copy_of), encoding="utf-8")
            say(f"    written to {path}")
    if failed:
        raise typer.Exit(1)


@app.command("list")
def list_(config: ConfigDir = CONFIG, as_json: AsJson = False) -> None:
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
def show(name: str, config: ConfigDir = CONFIG, as_json: AsJson = False) -> None:
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
def remove(name: str, config: ConfigDir = CONFIG) -> None:
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


def _extract(source: str, config: Path) -> ExtractedArticle:
    from bot.core.article import extract_html, extract_text

    if re.match(r"https?://", source):
        return extract_html(_download(source, config), source)
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"can't be read: {error.strerror}") from error
    head = content[:2000].lstrip().lower()
    if source.lower().endswith((".html", ".htm", ".xhtml")) or head.startswith((b"<!doctype html", b"<html")):
        return extract_html(content)
    return extract_text(content.decode("utf-8", "replace"))


def _download(url: str, config: Path) -> bytes:
    from bot.app import make_fetcher
    from bot.model import Fetched, FetchFailed
    from bot.settings import load_settings

    match make_fetcher(load_settings(config)[0]).fetch_one(url):
        case Fetched(body=body):
            return body
        case FetchFailed(kind=kind, detail=detail):
            raise UsageError(f"{kind}: {detail}")
        case _:
            raise UsageError("nothing came")


def _copied(article: ExtractedArticle, known: list[Exemplar]) -> Exemplar | None:
    from bot.core.article import same_text

    return next((other for other in known if not other.copy_of and same_text(article.text, other.text)), None)


def _exemplar(name: str, article: ExtractedArticle) -> Exemplar:
    from bot.model import Exemplar

    return Exemplar(id=name, title=article.title, text=article.text)


def _document(article: ExtractedArticle, source: str, topics: list[str], copy_of: Exemplar | None) -> str:
    import tomlkit

    matter = tomlkit.document()
    matter["title"] = article.title
    if source.startswith(("http://", "https://")):
        matter["url"] = source
    if article.published:
        matter["published"] = article.published
    matter["topics"] = topics
    if copy_of:
        matter["copy_of"] = copy_of.id
    return f"+++\n{tomlkit.dumps(matter)}+++\n\n{article.text}\n"


def _file_name(title: str, taken: set[str]) -> str:
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", ascii_title)[:8])[:60].strip("-") or "article"
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

    from bot.app import make_judge
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
    }
