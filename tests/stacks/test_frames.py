from __future__ import annotations

import os
import threading
from io import FileIO

from kitaru.stacks.frames import FrameReader, FrameWriter


def pipe() -> tuple[FrameReader, FrameWriter, int]:
    read, write = os.pipe()
    return FrameReader(FileIO(read, "rb")), FrameWriter(FileIO(write, "wb")), write


def test_messages_of_any_size_arrive_in_order() -> None:
    reader, writer, _ = pipe()
    sent = [("small", 1), ("large", b"x" * 3_000_000), ("empty",)]
    thread = threading.Thread(target=lambda: [writer.send(*message) for message in sent])
    thread.start()
    assert [reader.receive() for _ in sent] == sent
    thread.join()
    writer.close()
    assert reader.receive() is None
    reader.close()


def test_a_message_that_was_cut_off_is_the_end() -> None:
    reader, writer, descriptor = pipe()
    os.write(descriptor, b"\0\0\0\0\0\0\0\x20half")
    writer.close()
    assert reader.receive() is None
    reader.close()


def test_messages_of_several_threads_stay_whole() -> None:
    reader, writer, _ = pipe()
    threads = [
        threading.Thread(target=lambda n=n: [writer.send(n, b"x" * 70_000) for _ in range(20)]) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    received = [reader.receive() for _ in range(60)]
    for thread in threads:
        thread.join()
    assert all(message is not None and len(message[1]) == 70_000 for message in received)
    writer.close()
    reader.close()
