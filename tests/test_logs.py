import io
import json
import subprocess
import sys

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


def test_a_command_hears_of_trouble_on_standard_error() -> None:
    code = "from bot.logs import log; log().info('well'); log().error('set aside', what='reading')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "set aside" in done.stderr
    assert "well" not in done.stderr
