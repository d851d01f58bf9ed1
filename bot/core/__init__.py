"""The decisions: pure functions, one file per stage. Same arguments, same answer; no clock, no I/O."""
