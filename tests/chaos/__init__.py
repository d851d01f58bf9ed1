"""The bot killed hundreds of times: what was told must be told once. Run it with ``make chaos``."""
