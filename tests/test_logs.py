import io
import json

import structlog

from bot import logs


def test_a_machine_reads_one_object_a_line() -> None:
    stream = io.StringIO()
    logs.configure("info", "auto", stream)
    structlog.get_logger().info("polled", feed="harbor", new=3)
    structlog.get_logger().debug("not told")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["feed"], line["new"], line["level"]) == ("polled", "harbor", 3, "info")


def test_a_person_reads_text() -> None:
    stream = io.StringIO()
    logs.configure("debug", "text", stream)
    structlog.get_logger().debug("polled", feed="harbor")
    assert "polled" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
