"""What a finding says where nobody answered, and when a certificate's end is worth a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.findings import REMEDIES, RENEW_WITHIN, certified, fault, fine, unreached
from bot.model import Level, Unreached

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", REMEDIES)
def test_every_way_to_get_no_answer_has_a_remedy_that_fits_its_host_and_setting(kind: str) -> None:
    finding = unreached(Unreached(kind=kind, detail="it did not"), "mail.example", "[smtp] host")
    assert (finding.level, finding.host) == (Level.FAULT, "mail.example")
    assert finding.found == "mail.example: it did not"
    assert finding.remedy
    assert "{" not in finding.remedy
    # Only these two mean that the network itself did not get there.
    assert finding.unreached == (kind in ("dns", "no-way"))


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (RENEW_WITHIN + timedelta(seconds=1), None),
        (RENEW_WITHIN, "ends in 14 days"),
        (timedelta(days=1, hours=5), "ends in 1 day,"),
        (timedelta(minutes=5), "ends in 0 days"),
        (timedelta(minutes=-5), "ends in 0 days"),
    ],
)
def test_a_certificate_that_ends_soon_is_a_warning(left: timedelta, told: str | None) -> None:
    finding = certified(fine("well", host="a.example"), NOW + left, NOW)
    assert (finding.level is Level.WARNING) == (told is not None)
    assert (told or "well") in finding.found
    assert ("a.example" in finding.remedy) == (told is not None)


def test_what_is_wrong_already_or_has_no_certificate_stays_as_it_is() -> None:
    for finding in (fault("broken", "mend it"), fine("well")):
        assert certified(finding, None, NOW) == finding
    assert certified(fault("broken", "mend it"), NOW, NOW) == fault("broken", "mend it")
