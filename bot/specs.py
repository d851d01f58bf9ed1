"""Settings → nouns: the digests and alert rules that the pipeline reads."""

from __future__ import annotations

from bot.core.slots import cron_lines
from bot.model import AlertRule, DigestSpec
from bot.settings import Settings


def digests(settings: Settings) -> dict[str, DigestSpec]:
    """By name."""
    return {
        name: DigestSpec(
            name=name,
            title=digest.title or name,
            topics=digest.topics,
            channels=digest.channels,
            schedule=(digest.schedule,) if digest.schedule else cron_lines(digest.times, digest.weekdays),
            timezone=digest.timezone or settings.schedule.timezone,
            max_stories=digest.max_stories,
            send_empty=digest.send_empty,
            catch_up=digest.catch_up,
            near_misses=settings.judging.near_misses,
        )
        for name, digest in settings.digests.items()
    }


def alerts(settings: Settings) -> tuple[AlertRule, ...]:
    """In the order of the file; one without a name is called by its place."""
    return tuple(
        AlertRule(
            name=alert.name or f"alert-{number}",
            topics=alert.topics,
            channels=alert.channels,
            min_score=alert.min_score,
            tags=alert.tags,
            keywords=alert.keywords,
            max_age=alert.max_age,
            budget=alert.budget,
            quiet=alert.quiet_hours,
            timezone=alert.timezone or settings.schedule.timezone,
        )
        for number, alert in enumerate(settings.alerts, start=1)
    )
