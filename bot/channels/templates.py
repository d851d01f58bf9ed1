"""The pages that people read, HTML and plain text, from templates that a user may override."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.channels.specimen import specimens
from bot.core.render import Cut
from bot.core.views import DigestView, view
from bot.documents import unknown
from bot.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from jinja2 import Environment

TEXT_WIDTH = 76
PAGES = ("digest.html.j2", "digest.txt.j2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Footer:
    """What stands below the stories and differs from one recipient to the next."""

    digest_id: str
    reason: str = ""
    """Why the reader gets this, one sentence."""
    change: str = ""
    """Where it is changed or paused, one sentence."""
    unsubscribe: str = ""
    """Where a reader unsubscribes: an ``https:`` or ``mailto:`` address, or nothing."""


GIVEN: Mapping[str, type] = MappingProxyType({"digest": DigestView, "footer": Footer})
"""What a page is made of: the names its template may use."""


@cache
def environment(overrides: Path | None) -> Environment:
    """Templates from the user's folder first, then ours. HTML is escaped; an undefined name is an error.

    Raises ConfigErrors for a template that can't be parsed, names what there isn't, or fails in a trial.
    """
    import jinja2

    loaders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("bot", "templates")]
    if overrides is not None:
        loaders.insert(0, jinja2.FileSystemLoader(overrides))
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["wrap"] = wrap
    problems = [] if overrides is None else list(_mistakes(made, overrides))
    if problems:
        raise ConfigErrors(problems)
    return made


def _mistakes(made: Environment, overrides: Path) -> Iterator[ConfigError]:
    """What can be told of a user's templates before a message is made of them."""
    from bot.channels.proofreading import read_through, try_out

    for path in sorted(overrides.glob("*.j2")):
        if path.name not in PAGES:
            yield ConfigError(unknown("template", path.name, PAGES), file=path)
            continue
        found = list(read_through(made, path, GIVEN))
        # A trial would only meet the same mistakes again.
        yield from found or try_out(path, _trials(made, path.name))


def _trials(made: Environment, name: str) -> Mapping[str, Callable[[], str]]:
    """Renderings of made-up digests, by what they are."""
    footer = Footer(
        digest_id="specimen", reason="Why.", change="Where.", unsubscribe="https://example.org/u/x"
    )
    return {
        of: partial(made.get_template(name).render, digest=view(cut), footer=footer)
        for of, digest in specimens()
        for cut in (Cut(digest=digest, left_out=len(digest.stories) // 4),)
    }


def html_page(overrides: Path | None, view: DigestView, footer: Footer) -> str:
    """The whole HTML page with its styles in the elements, as mail programs want it."""
    page: str = _inliner().inline(_render(overrides, PAGES[0], view, footer))
    return page


def text_page(overrides: Path | None, view: DigestView, footer: Footer) -> str:
    """The same in plain text, ``TEXT_WIDTH`` columns, addresses on lines of their own."""
    return _render(overrides, PAGES[1], view, footer).strip("\n") + "\n"


def wrap(text: str, indent: int = 0, hanging: int = 0, width: int = TEXT_WIDTH) -> str:
    """Break a line at blanks; the lines after the first stand ``hanging`` columns further in."""
    first = " " * indent
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=first + " " * hanging, break_on_hyphens=False
    )


def _render(overrides: Path | None, name: str, view: DigestView, footer: Footer) -> str:
    import jinja2

    from bot.channels.proofreading import line_of

    try:
        return environment(overrides).get_template(name).render(digest=view, footer=footer)
    except (jinja2.UndefinedError, jinja2.TemplateNotFound) as error:
        # Not its words: they may be a story's.
        where = line_of(error, overrides / name) if overrides else None
        problem = "uses something that is not there for this message"
        raise ConfigErrors([ConfigError(problem, file=f"templates/{name}", line=where)]) from error


@cache
def _inliner() -> Any:
    import css_inline

    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, minify_css=True)
