from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from kitaru.errors import KitaruSerializationError, KitaruUsageError
from kitaru.runtime.values import Codec, codec, digest, encode, register_codec
from kitaru.runtime.values.codec import BUILT_IN


class Gauge:
    """Cannot be pickled, and need not be."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.lock = threading.Lock()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gauge) and other.level == self.level

    __hash__ = None  # type: ignore[assignment]


class GaugeCodec:
    name = "gauge"

    def handles(self, value):
        return isinstance(value, Gauge)

    def encode(self, value):
        return str(value.level).encode()

    def decode(self, data):
        return Gauge(int(data))

    def digest(self, value):
        return str(value.level)


@pytest.fixture(autouse=True)
def own_codecs(monkeypatch):
    monkeypatch.setattr(codec, "_registered", {})


def test_a_registered_codec_takes_its_values_alone_and_nested(stored):
    register_codec(GaugeCodec())
    record, back = stored(Gauge(3))
    assert record["codec"] == "gauge"
    assert back == Gauge(3)
    assert stored({"all": [(Gauge(1), 2)]})[1] == {"all": [(Gauge(1), 2)]}


def test_a_codec_may_say_what_identifies_a_value():
    register_codec(GaugeCodec())
    assert digest([Gauge(1)]) == digest([Gauge(1)]) is not None
    assert digest(Gauge(1)) != digest(Gauge(2))


def test_large_values_of_a_registered_codec_go_to_a_payload_file(stored):
    class Long(GaugeCodec):
        def encode(self, value):
            return str(value.level).encode().rjust(50_000)

    register_codec(Long())
    record, back = stored(Gauge(3))
    assert record["payload"] == record["digest"]
    assert back == Gauge(3)


def test_registering_a_name_again_replaces_the_codec(stored):
    class Doubling(GaugeCodec):
        def decode(self, data):
            return Gauge(2 * int(data))

    register_codec(GaugeCodec())
    register_codec(Doubling())
    assert stored(Gauge(3))[1] == Gauge(6)


def test_a_codec_that_fails_is_named_with_the_value(payloads):
    class Broken(GaugeCodec):
        def encode(self, value):
            raise ZeroDivisionError("no level")

    register_codec(Broken())
    for value in (Gauge(1), {"a": Gauge(1)}):
        with pytest.raises(KitaruSerializationError, match=r"codec.*ZeroDivisionError: no level"):
            encode(value, payloads)


def test_what_is_no_codec_is_refused_with_the_reason():
    with pytest.raises(KitaruUsageError, match=r"it has no encode, decode"):
        register_codec(type("Half", (), {"name": "h", "handles": None})())
    with pytest.raises(KitaruUsageError, match=r"is a class; register an instance"):
        register_codec(GaugeCodec)  # type: ignore[arg-type]
    for name in BUILT_IN:
        named = GaugeCodec()
        named.name = name
        with pytest.raises(KitaruUsageError, match="built in"):
            register_codec(named)
    assert isinstance(GaugeCodec(), Codec)


PLUGIN = """
class Gauge:
    def __init__(self, level): self.level = level
    def __reduce__(self): raise TypeError("never pickled")
class GaugeCodec:
    name = "gauge"
    def handles(self, value): return type(value) is Gauge
    def encode(self, value): return b"%d" % value.level
    def decode(self, data): return Gauge(int(data))
"""


def plugin(tmp_path, target: str) -> None:
    (tmp_path / "gauge_plugin.py").write_text(PLUGIN)
    information = tmp_path / "gauge_plugin-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: gauge-plugin\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[kitaru.codecs]\ngauge = {target}\n")


def run_with(tmp_path, script: str) -> str:
    head = (
        "import tempfile, gauge_plugin\nfrom kitaru.runtime.values import *\n"
        "from kitaru.store.payloads import FilePayloads\np = FilePayloads(tempfile.mkdtemp())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])}
    done = subprocess.run(
        [sys.executable, "-c", head + script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("target", ["gauge_plugin:GaugeCodec"])
def test_the_codec_of_an_installed_package_is_found(tmp_path, target):
    plugin(tmp_path, target)
    script = "r = encode(gauge_plugin.Gauge(7), p)\nprint(r['codec'], decode(r, p).level)"
    assert run_with(tmp_path, script) == "gauge 7\n"


def test_a_broken_codec_of_an_installed_package_does_not_break_others(tmp_path):
    plugin(tmp_path, "gauge_plugin:Missing")
    text = run_with(tmp_path, "print(decode(encode((1, 2), p), p), decode(encode({range: 1}, p), p))")
    assert "(1, 2) {<class 'range'>: 1}" in text
    assert "codec gauge_plugin:Missing of gauge-plugin cannot be used" in text
