"""The daemon: the steps, their pace, and the life of the process around them."""

from bot.daemon.life import serve
from bot.daemon.steps import EVERY

__all__ = ["EVERY", "serve"]
