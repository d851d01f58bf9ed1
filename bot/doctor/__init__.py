"""The doctor: tests the world that the bot lives in, and says what to do about each fault. Sends nothing."""

from bot.doctor.examination import Examination, examine

__all__ = ["Examination", "examine"]
