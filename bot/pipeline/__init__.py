"""The steps: gather, decide, apply. Every step may be run twice without harm."""
