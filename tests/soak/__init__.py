"""A month of the bot's life in some minutes: see ``python -m tests.soak --help``."""
