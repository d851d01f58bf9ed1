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
    def get_params(self, ctx: Any) -> list[Any]:
        return _untyped(super().get_params(ctx))


class Commands(typer.Typer):
    """A group of commands; called without one of them it shows its help."""

    def __init__(self, help_text: str, **options: Any) -> None:
        super().__init__(help=help_text, cls=_Group, no_args_is_help=True, **options)

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
