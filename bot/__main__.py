"""``python -m bot`` and ``chipwatch`` are the same."""

from bot.cli.main import main

if __name__ == "__main__":
    main()
