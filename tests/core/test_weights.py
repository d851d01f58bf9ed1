from __future__ import annotations

from bot.core import weights
from bot.core.text import digest


def test_a_veto_outweighs_all_that_can_speak_for_a_topic() -> None:
    best = {"query": 1.0, "exemplars": weights.Z_LIMIT, "entities": 1.0}
    for calibration in weights.CALIBRATION.values():
        most = sum(weights.WEIGHTS[name] * value for name, value in best.items())
        assert calibration.intercept + calibration.slope * most + weights.VETO < 0


def test_more_evidence_never_lowers_a_score() -> None:
    assert all(calibration.slope > 0 for calibration in weights.CALIBRATION.values())
    assert all(weight > 0 for weight in weights.WEIGHTS.values())


def test_the_fingerprint_covers_every_constant() -> None:
    covered = weights.constants()
    assert {"REVISION", "POOL", "WEIGHTS", "CALIBRATION", "VETO", "AUTO_THRESHOLD"} <= covered.keys()
    assert weights.fingerprint() == digest(f"{name}={value}" for name, value in covered.items())
