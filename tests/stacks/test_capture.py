from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import subprocess
import sys
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest

from kitaru.stacks import log_lines
from kitaru.stacks.capture import TeeStream, capture, install, original
from tests.stacks.calls import Reports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def streams() -> Iterator[None]:
    kept, above = (sys.stdout, sys.stderr), logging.root.parent
    yield
    sys.stdout, sys.stderr = kept
    logging.root.parent = above


def test_what_a_call_prints_is_recorded_and_still_seen(capsys: pytest.CaptureFixture[str]) -> None:
    reports = Reports()
    with capture(reports.scope):
        print("one\ntwo")
        print("careful", file=sys.stderr)
        print("no end", end="")
    assert [(line["stream"], line["text"]) for line in reports.lines] == [
        ("stdout", "one"),
        ("stdout", "two"),
        ("stderr", "careful"),
        ("stdout", "no end"),
    ]
    assert capsys.readouterr() == ("one\ntwo\nno end", "careful\n")


def test_what_is_printed_outside_of_calls_is_not_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    reports = Reports()
    with capture(reports.scope):
        pass
    print("outside")
    assert reports.events == []
    assert capsys.readouterr().out == "outside\n"


def test_calls_that_run_at_the_same_time_keep_their_lines_apart() -> None:
    both = threading.Barrier(2)

    def run(name: str, reports: Reports) -> None:
        with capture(reports.scope):
            for number in range(50):
                both.wait(timeout=60)
                print(f"{name} {number}")

    reports = {name: Reports() for name in ("a", "b")}
    threads = [threading.Thread(target=copy_context().run, args=(run, name, reports[name])) for name in reports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reports["a"].texts == [f"a {number}" for number in range(50)]
    assert reports["b"].texts == [f"b {number}" for number in range(50)]


def test_tasks_of_one_event_loop_keep_their_lines_apart() -> None:
    async def run(name: str, reports: Reports) -> None:
        with capture(reports.scope):
            for number in range(3):
                print(f"{name} {number}")
                await asyncio.sleep(0)

    async def main(a: Reports, b: Reports) -> None:
        await asyncio.gather(run("a", a), run("b", b))

    a, b = Reports(), Reports()
    asyncio.run(main(a, b))
    assert (a.texts, b.texts) == (["a 0", "a 1", "a 2"], ["b 0", "b 1", "b 2"])


def test_lines_are_reported_while_the_call_still_runs() -> None:
    arrived = threading.Event()
    reports = Reports()
    scope = reports.scope
    scope.emit = lambda kind, body: (reports(kind, body), arrived.set())
    with capture(scope):
        print("alive")
        assert arrived.wait(timeout=60)
        assert reports.texts == ["alive"]


def test_a_hundred_lines_leave_at_once() -> None:
    reports = Reports()
    with capture(reports.scope):
        for number in range(log_lines.BATCH_LINES):
            print(number)
        assert len(reports.lines) == log_lines.BATCH_LINES


def test_a_very_long_line_is_cut_and_says_so() -> None:
    reports = Reports()
    with capture(reports.scope):
        print("x" * (log_lines.LONGEST_LINE + 5))
        for _ in range(3):
            print("y" * log_lines.LONGEST_LINE, end="")
        print()
    assert reports.texts[0] == "x" * log_lines.LONGEST_LINE + " … [5 more characters of this line are not recorded]"
    assert reports.texts[1].endswith(f"[{2 * log_lines.LONGEST_LINE} more characters of this line are not recorded]")


def test_a_call_that_prints_without_end_is_capped_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "LARGEST_CALL", 1 << 20)
    reports = Reports()
    with capture(reports.scope):
        for _ in range(40):
            print("x" * 60_000)
    assert sum(map(len, reports.texts)) < 1_200_000
    assert reports.texts[-1] == "This call wrote more than 1 MB of output; the rest is not recorded."


def test_a_progress_bar_is_recorded_as_it_ended() -> None:
    reports = Reports()
    with capture(reports.scope):
        for percent in range(0, 101, 10):
            sys.stderr.write(f"\r{percent}%")
        sys.stderr.write("\n")
        sys.stdout.write("windows\r\n10%\r20%\n")
    assert reports.texts == ["100%", "windows", "20%"]


def test_log_records_are_recorded_with_level_logger_and_place() -> None:
    reports, logger = Reports(), logging.getLogger("tests.capture")
    logger.setLevel(logging.DEBUG)
    with capture(reports.scope):
        logger.debug("detail")
        logger.info("read %d pages", 3)
        try:
            1 // 0  # noqa: B018
        except ZeroDivisionError:
            logger.exception("cannot divide")
    info, error = reports.lines
    assert (info["stream"], info["level"], info["logger"], info["text"]) == (
        "logging",
        "INFO",
        "tests.capture",
        "read 3 pages",
    )
    assert info["file"].endswith("test_capture.py")
    assert error["text"].startswith("cannot divide\nTraceback")
    assert "ZeroDivisionError" in error["text"]


def test_levels_propagation_and_filters_of_loggers_are_respected() -> None:
    reports = Reports()
    quiet, alone, filtered = (logging.getLogger(f"tests.capture.{name}") for name in ("quiet", "alone", "filtered"))
    quiet.setLevel(logging.ERROR)
    alone.propagate = False
    alone.addHandler(logging.NullHandler())
    filtered.addFilter(lambda record: "secret" not in record.getMessage())
    with capture(reports.scope):
        quiet.warning("not enabled")
        alone.warning("not propagated")
        filtered.warning("a secret")
        filtered.warning("no such thing")
    assert reports.texts == ["no such thing"]


def test_a_record_that_a_handler_prints_is_recorded_once(capsys: pytest.CaptureFixture[str]) -> None:
    reports, logger = Reports(), logging.getLogger("tests.capture.printed")
    install()
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    try:
        with capture(reports.scope):
            logger.warning("once")
    finally:
        logger.removeHandler(handler)
    assert [(line["stream"], line["text"]) for line in reports.lines] == [("logging", "once")]
    assert capsys.readouterr().err == "once\n"


def test_logging_set_up_by_the_user_works_as_if_nothing_were_installed() -> None:
    program = """
import logging
from kitaru.stacks.capture import capture, install
from kitaru.stacks.scope import CallInfo, CallScope
install()
logging.getLogger("a").warning("by the last resort")
logging.basicConfig(format="%(name)s: %(message)s", level=logging.INFO)
with capture(CallScope(CallInfo("kr-1", "f", "c", "c", 1, "k"), lambda kind, body: None)):
    logging.getLogger("b").info("by basicConfig")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "by the last resort\nb: by basicConfig\n"


def test_a_stream_that_replaces_standard_output_later_is_covered_too() -> None:
    reports, target = Reports(), io.StringIO()
    with contextlib.redirect_stdout(target), capture(reports.scope):
        print("inside")
    with capture(reports.scope):
        print("after")
    assert target.getvalue() == "inside\n"
    assert reports.texts == ["inside", "after"]


def test_everything_but_writing_goes_to_the_original_stream() -> None:
    class OutStream(io.StringIO):
        parent = None

        def set_parent(self, parent: str) -> None:
            self.parent = parent

    stream = OutStream()
    tee = TeeStream(stream, "stdout")
    tee.set_parent("cell 3")
    tee.parent_of_parent = "x"
    tee.writelines(["a", "b"])
    assert stream.parent == "cell 3"
    assert stream.parent_of_parent == "x"  # type: ignore[attr-defined]
    assert isinstance(tee, io.TextIOBase)
    assert tee.isatty() is False
    assert stream.getvalue() == "ab"


def test_the_original_stream_can_be_written_without_being_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    reports = Reports()
    with capture(reports.scope):
        stream = original("stdout")
        assert stream is not None
        stream.write("unseen\n")
    assert reports.events == []
    assert capsys.readouterr().out == "unseen\n"


def test_reporting_may_itself_log_without_an_end() -> None:
    reports = Reports()
    scope = reports.scope

    def emit(kind: str, body: dict[str, object]) -> None:
        reports(kind, body)
        if len(reports.events) < 3:
            logging.getLogger("tests.capture").warning("about reporting")

    scope.emit = emit
    with capture(scope):
        print("first")
    assert reports.texts[0] == "first"


def test_a_write_that_is_put_around_the_stream_does_not_call_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """As IPython does around each cell, to keep what it prints."""
    stream = TeeStream(sys.stdout, "stdout")
    before, kept = stream.write, []

    def write(text: str) -> int:
        kept.append(text)
        return before(text)

    stream.write = write  # type: ignore[method-assign]
    stream.write("hello")
    stream.write = before  # type: ignore[method-assign]
    stream.write(" again")
    assert kept == ["hello"]
    assert capsys.readouterr().out == "hello again"
