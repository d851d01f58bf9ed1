"""The demo: the whole main job on loopback, with sample feeds written for it.

Everything is real but the world: HTTP, SMTP and webhooks go over loopback, and the clock begins on the
morning for which the samples were written.
"""

from bot.demo.run import show

__all__ = ["show"]
