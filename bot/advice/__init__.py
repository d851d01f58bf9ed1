"""Advice: a language model behind an HTTP address is asked for a second opinion (``ports.Advisor``)."""
