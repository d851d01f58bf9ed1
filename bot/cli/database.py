"""``chipwatch db``: migrations."""

from __future__ import annotations

from bot.cli.commands import Commands
from bot.cli.options import CONFIG, DATA, ConfigDir, DataDir
from bot.cli.output import say

app = Commands("The database.")


@app.command()
def upgrade(config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:
    """Bring the tables up to date. Every command does so; this one says what it did.

    [dim]Example: chipwatch db upgrade[/dim]
    """
    from bot.configuration import read_configuration
    from bot.storage.engine import upgrade as upgrade_tables

    before, after = upgrade_tables(read_configuration(config, data).database)
    say(f"already at revision {after}" if before == after else f"from revision {before or 'none'} to {after}")
