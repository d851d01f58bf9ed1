from typing import Annotated

import pytest
import typer

from bot.cli.commands import Commands


@pytest.fixture
def app() -> Commands:
    app = Commands("Things to do.")

    @app.command()
    def go(
        fast: Annotated[bool, typer.Option("--fast", help="Hurry.")] = False,
        far: Annotated[int, typer.Option("--far", help="Miles.")] = 3,
    ) -> None:
        typer.echo(f"{fast} {far}")

    @app.command("stay")
    def stay_here() -> None: ...

    return app


def printed(app: Commands, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit):
        app(list(arguments))
    return capsys.readouterr().out


def test_a_flag_shows_no_type_and_a_value_does(app: Commands, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(app, capsys, "go", "--help")
    assert "bool" not in told
    assert "<int>" in told


def test_a_flag_still_works(app: Commands, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(app, capsys, "go", "--fast", "--far", "5") == "True 5\n"


def test_without_a_command_the_help_comes(app: Commands, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(app, capsys)
    assert "Things to do." in told
    assert "stay" in told
    assert "bool" not in told
