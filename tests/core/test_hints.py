from datetime import timedelta

import pytest

from bot.core.hints import hints
from bot.model import Hints


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("<rss><channel></channel></rss>", Hints()),
        ("<ttl> 90 </ttl>", Hints(ttl=timedelta(minutes=90))),
        ("<ttl>999999999</ttl>", Hints(ttl=timedelta(days=365))),
        ("<ttl>soon</ttl>", Hints()),
        ("<sy:updatePeriod>\nhourly </sy:updatePeriod>", Hints(ttl=timedelta(hours=1))),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            Hints(ttl=timedelta(hours=6)),
        ),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            Hints(ttl=timedelta(days=1)),
        ),
        ("<sy:updatePeriod>never</sy:updatePeriod>", Hints()),
        (
            "<skipHours><hour>24</hour>\n<hour> 3</hour><hour>99</hour><hour>x</hour></skipHours>",
            Hints(skip_hours=(0, 3)),
        ),
        ("<skipDays><day>Sunday</day><day>monday</day><day>Noday</day></skipDays>", Hints(skip_days=(0, 6))),
    ],
)
def test_hints_are_read(frame: str, expected: Hints) -> None:
    assert hints(frame) == expected
