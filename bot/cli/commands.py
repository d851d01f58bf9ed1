"""How commands are registered: with a help that names a type only where an option takes a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _untyped(super().get_params(ctx))


class _Group(TyperGroup):
    otherwise = ""
    bare = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [arg for arg in args if not arg.startswith("-")]
        named = args[0] if self.bare and args else words[0] if words else ""
        meant = named not in {*self.commands, *ctx.help_option_names} if named else self.bare
        if self.otherwise and meant:
            args = [self.otherwise, *args]
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        return _untyped(super().get_params(ctx))


class Commands(typer.Typer):
    """A group of commands; called without one of them it shows its help.

    ``otherwise``: the command that is meant where the first word names none. ``bare``: and also where there
    are no words at all, or options come first: the group is that command, with others below it.
    """

    def __init__(self, help_text: str, *, otherwise: str = "", bare: bool = False, **options: Any) -> None:
        group = type("_Group", (_Group,), {"otherwise": otherwise, "bare": bare})
        super().__init__(help=help_text, cls=group, no_args_is_help=not bare, **options)

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = _Command, **options: Any
    ) -> Callable[[CommandT], CommandT]:
        return super().command(name, cls=cls, **options)


def _untyped(parameters: list[Any]) -> list[Any]:
    """Typer shows ``<bool>`` beside every flag, as if one had to write a value after it."""
    for parameter in parameters:
        if isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
    return parameters
