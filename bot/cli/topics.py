"""``chipwatch topics``: what is watched, as it is judged; drafts of new topics; advice on queries."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.articles import read_article, slug
from bot.cli.commands import Commands
from bot.cli.opening import require_folder
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, UnneededData
from bot.cli.output import NOTHING, note, print_json, print_table, say
from bot.core.text import shorten
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.catalogue import Catalogue
    from bot.core.keyness import Sample
    from bot.core.lexicon import Lexicon
    from bot.core.lint import Remark
    from bot.core.profile import Judge, TopicProfile
    from bot.errors import ConfigError

app = Commands("The topics: what is watched, and how it is judged.")

_FEW = 100
"""Stored items below which the shipped corpus helps out as background."""
_LEAST = 2
"""Examples that can have something in common."""
_SHOWN, _TERM = 8, 60
"""Terms of a remark that are shown, and characters of each; --json has all."""


@app.command("list")
def list_(config: ConfigDir = CONFIG, _data: UnneededData = None, as_json: AsJson = False) -> None:
    """List the topics and what each is judged by.

    [dim]Example: chipwatch topics list[/dim]
    """
    judge = _judge(config)[1]
    if as_json:
        print_json([_spell(profile) for profile in judge.profiles])
        return
    print_table(
        ("topic", "title", "judged by", "examples", "others", "threshold", "languages"),
        (
            (
                profile.topic.id,
                profile.topic.title,
                _kind(profile),
                len(profile.on),
                len(profile.off),
                _threshold(profile),
                ", ".join(profile.topic.languages) or NOTHING,
            )
            for profile in judge.profiles
        ),
        empty=f"{config / 'topics'} holds no topic; draft one with: chipwatch topics suggest FOLDER",
    )


@app.command()
def show(
    topic: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigDir = CONFIG,
    _data: UnneededData = None,
    as_json: AsJson = False,
) -> None:
    """Show a topic as it is judged: its query block by block, its cast, and how well its examples are known.

    Each example is judged as if it were news, by a corpus without it.

    [dim]Example: chipwatch topics show mtia[/dim]
    """
    from bot.core.portrait import portray
    from bot.documents import unknown

    judge = _judge(config)[1]
    profiles = {profile.topic.id: profile for profile in judge.profiles}
    if topic not in profiles:
        raise UsageError(unknown("topic", topic, list(profiles)))
    portrait = portray(judge, profiles[topic])
    if as_json:
        from dataclasses import asdict

        print_json(_spell(profiles[topic]) | asdict(portrait))
        return
    profile = profiles[topic]
    say(profile.topic.title)
    say(f"  judged by {_kind(profile)}, threshold {_threshold(profile)}, profile {profile.version}")
    if profile.topic.languages:
        say(f"  only in {', '.join(profile.topic.languages)}")
    if portrait.blocks:
        counted = f"{portrait.examples} examples and {portrait.others} other articles"
        say(f"\nQuery: how many of {counted} each block finds")
        for block in portrait.blocks:
            _wrapped(f"{block.examples:>4} {block.others:>4}  ", block.query)
    if portrait.exclude:
        say("\nNever, whatever else is said")
        _wrapped("  ", portrait.exclude)
    if portrait.cast:
        say("\nCast: whom the topic is about, by how much more often its examples name them than the others")
        for member in portrait.cast:
            say(f"  {member.weight:.2f}  {member.name}")
    if portrait.recognised:
        known = sum(each.matched for each in portrait.recognised)
        say(f"\nExamples, each judged by the others: {known} of {len(portrait.recognised)} are found")
        for each in portrait.recognised:
            nearest = f"  nearest {each.nearest} {each.similarity:.2f}" if each.nearest else ""
            say(f"  {'✓' if each.matched else '✗'} {each.score:>4.0%}  {each.exemplar}{nearest}")


@app.command()
def suggest(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Example articles: texts or saved pages.")],
    topic: Annotated[
        str, typer.Option("--id", metavar="ID", help="The topic's id; else the folder's name.")
    ] = "",
    negatives: Annotated[
        Path | None, typer.Option("--negatives", metavar="DIR", help="Examples of what is not meant.")
    ] = None,
    background: Annotated[
        Path | None,
        typer.Option(
            "--background", metavar="FILE", help="Other texts, as JSON Lines, in place of stored items."
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write topics/ID.toml in place of printing it.")
    ] = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Draft a topic from example articles: what they share, and other texts rarely have.

    [dim]Example: chipwatch topics suggest examples/volcanoes --write[/dim]
    """
    from bot.catalogue import load_catalogue
    from bot.cli.drafts import spell_draft
    from bot.core.lexicon import Lexicon
    from bot.core.suggest import Background
    from bot.core.suggest import suggest as draft_topic

    name = slug(topic or folder.resolve().name)
    path = require_folder(config) / "topics" / f"{name}.toml"
    if not name:
        raise UsageError("no id can be made of that name; give one with --id, of letters a to z and digits")
    if write and path.exists():
        raise UsageError(f"{path} is there already; name another with --id")
    catalogue = load_catalogue(config)
    lexicon = Lexicon(catalogue.entities)
    examples = _articles(folder, config, lexicon)
    if len(examples) < _LEAST:
        found = f"{folder} holds {len(examples)} readable articles"
        raise UsageError(f"{found}; a draft needs two at least, five are better")
    against = _articles(negatives, config, lexicon) if negatives else {}
    others, kind = _background(background, catalogue, data, lexicon, list(examples.values()))
    text = spell_draft(
        draft_topic(list(examples.values()), Background(others, lexicon), list(against.values())),
        title=name.replace("-", " ").capitalize(),
        sources=list(examples),
        background=len(others),
        kind=kind,
        negatives=len(against),
    )
    if not write:
        say(text.rstrip())
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    say(f"written to {path}; its examples come in with: chipwatch corpus add --topic {name} {folder}/*")


@app.command()
def lint(
    topic: Annotated[str, typer.Argument(metavar="[ID]", help="Only this topic.", show_default=False)] = "",
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit status 1 where a mistake is likely, for scripts."),
    ] = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Advice on queries: terms that never or always match, or add nothing; examples that are missed.

    Looks at the articles of the corpus and at the newest stored items.

    [dim]Example: chipwatch topics lint mtia[/dim]
    """
    from dataclasses import asdict

    from bot.cli.stored import stored_texts
    from bot.core.amounts import plural
    from bot.core.features import extract
    from bot.core.lint import lint as advise
    from bot.documents import unknown

    catalogue, judge = _judge(config)
    ids = [each.id for each in catalogue.topics]
    if topic and topic not in ids:
        raise UsageError(unknown("topic", topic, ids))
    stored = [
        extract("", title=title, summary=text, lexicon=judge.lexicon)
        for title, text in stored_texts(config, data)
    ]
    remarks = [remark for remark in advise(judge, stored) if not topic or remark.topic == topic]
    wrong = sum(remark.is_suspicious for remark in remarks)
    if as_json:
        print_json(
            [
                asdict(remark) | {"file": place.file, "line": place.line}
                for remark, place in _placed(remarks, catalogue)
            ]
        )
    else:
        for _, place in _placed(remarks, catalogue):
            say(str(place))
        articles = plural(len(judge.corpus.references), "article")
        looked = f"{articles} and {plural(len(stored), 'stored item')}"
        say(
            f"{plural(wrong, 'likely mistake')}, {plural(len(remarks) - wrong, 'remark')}; looked at {looked}"
        )
    if strict and wrong:
        raise typer.Exit(1)


def _placed(remarks: Sequence[Remark], catalogue: Catalogue) -> Iterator[tuple[Remark, ConfigError]]:
    """Each remark in the form of a mistake, with the file and line that it is about."""
    from bot.errors import ConfigError

    for remark in remarks:
        shown = ", ".join(shorten(term, _TERM) for term in remark.terms[:_SHOWN])
        more = f" and {len(remark.terms) - _SHOWN} more" if len(remark.terms) > _SHOWN else ""
        problem = f"{remark.problem}: {shown}{more}" if shown else remark.problem
        file, line = catalogue.folder / "entities.toml", None
        if document := catalogue.documents.get(f"topics/{remark.topic}"):
            file, line = document.path, document.line_of((remark.key,))
            if len(remark.terms) == 1 and line:
                line = _line_of(remark.terms[0], document.path, line)
        yield remark, ConfigError(problem, file=file, line=line, key=remark.key)


def _line_of(term: str, path: Path, start: int) -> int:
    """The line that a term of a query stands in, from the line of its key on; else the key's."""
    lines = path.read_text(encoding="utf-8").splitlines()
    word = re.compile(rf"(?<![\w@\"]){re.escape(term)}(?![\w*\"])", re.IGNORECASE)
    found = (number for number in range(start, len(lines) + 1) if word.search(lines[number - 1]))
    return next(found, start)


def _articles(folder: Path, config: Path, lexicon: Lexicon) -> dict[str, Sample]:
    """File name → the article in it; files without one, and copies, are named and passed over."""
    from bot.core.article import same_text
    from bot.core.keyness import sample

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; put the example articles into one, a file each")
    found: dict[str, Sample] = {}
    texts: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            article = read_article(str(path), config)
        except UsageError as error:
            note(f"chipwatch: passed over: {path}: {error}")
            continue
        if original := next((name for name, text in texts.items() if same_text(text, article.text)), ""):
            note(f"chipwatch: passed over: {path}: the same text as {original}, which counts once")
            continue
        texts[path.name] = article.text
        found[path.name] = sample(article.title, article.text, lexicon)
    return found


def _background(
    file: Path | None, catalogue: Catalogue, data: Path, lexicon: Lexicon, examples: list[Sample]
) -> tuple[list[Sample], str]:
    """Texts to compare with, and what they are; without the examples themselves."""
    from bot.catalogue import load_catalogue
    from bot.cli.stored import stored_texts
    from bot.configuration import starter_folder
    from bot.core.keyness import sample

    titles = {example.text.texts[0].casefold() for example in examples}
    if file is not None:
        texts, kind = _rows(file), str(file)
    else:
        texts, kind = stored_texts(catalogue.folder, data), "stored items and the corpus"
        articles = list(catalogue.exemplars)
        if len(texts) < _FEW and starter_folder() != catalogue.folder:
            kind = "the corpus and the shipped one; stored items will be better"
            known = {article.id for article in articles}
            shipped = load_catalogue(starter_folder()).exemplars
            articles += [article for article in shipped if article.id not in known]
        texts += [(article.title, article.text) for article in articles if not article.copy_of]
    return [sample(*text, lexicon) for text in texts if text[0].casefold() not in titles], kind


def _rows(file: Path) -> list[tuple[str, str]]:
    from bot.cli.rows import BadLine, read_rows, reading

    with reading(file) as lines:
        rows = [row for row in read_rows(lines) if not isinstance(row, BadLine)]
    if not rows:
        raise UsageError(f"{file} holds no text; a line of it is an object with a title")
    return [(row.title, f"{row.summary}\n{row.body}".strip()) for row in rows]


def _judge(config: Path) -> tuple[Catalogue, Judge]:
    from bot.catalogue import load_catalogue
    from bot.configuration import make_judge

    catalogue = load_catalogue(require_folder(config))
    return catalogue, make_judge(catalogue)


def _kind(profile: TopicProfile) -> str:
    parts = [name for name, there in (("query", profile.query), ("examples", profile.on)) if there]
    return " and ".join(parts) or "nothing: it never matches"


def _threshold(profile: TopicProfile) -> str:
    auto = "auto, " if profile.topic.threshold is None else ""
    return f"{auto}{profile.threshold:.0%}"


def _spell(profile: TopicProfile) -> dict[str, Any]:
    topic = profile.topic
    return {
        "id": topic.id,
        "title": topic.title,
        "judged_by": _kind(profile),
        "examples": len(profile.on),
        "others": len(profile.off),
        "threshold": profile.threshold,
        "auto": topic.threshold is None,
        "languages": topic.languages,
        "profile": profile.version,
    }


def _wrapped(beginning: str, text: str) -> None:
    for line in textwrap.wrap(
        text, 110, initial_indent=beginning, subsequent_indent=" " * len(beginning), break_on_hyphens=False
    ):
        say(line)
