import subprocess
import sys
from multiprocessing import Pipe
from threading import Thread

from bot.core.intake import NOT_A_FEED
from bot.model import FetchFailed, Reading
from bot.reading.worker import answer, serve
from tests.reading.test_pool import task


def test_trouble_with_a_document_is_an_answer() -> None:
    good, bad = answer(task(), 300), answer(task(body=b"words"), 300)
    assert isinstance(good, Reading)
    assert len(good.items) == 3
    assert isinstance(bad, FetchFailed)
    assert bad.kind == NOT_A_FEED


def test_tasks_are_answered_until_the_pipe_ends() -> None:
    ours, theirs = Pipe()
    for number in (1, 2):
        ours.send(task(number))
    answers: list[Reading] = []

    def listen() -> None:
        assert ours.recv() == "ready"
        answers.extend((ours.recv(), ours.recv()))
        ours.close()

    listener = Thread(target=listen)
    listener.start()
    with theirs:
        serve(theirs, 5.0, 300)
    listener.join()
    assert [len(each.items) for each in answers] == [1, 2]


def test_memory_is_bounded_beside_what_is_there() -> None:
    code = (
        "from bot.reading.worker import bound_memory\n"
        "bound_memory(50)\n"
        "kept = bytearray(30_000_000)\n"
        "try: bytearray(60_000_000)\n"
        "except MemoryError: print('bounded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "bounded\n"
