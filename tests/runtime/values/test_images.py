from __future__ import annotations

import os

import pytest
from PIL import Image

from kitaru.runtime.values import digest


def noise(mode: str, size: tuple[int, int] = (13, 7)) -> Image.Image:
    length = len(Image.new(mode, size).tobytes())
    return Image.frombytes(mode, size, os.urandom(length))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "YCbCr", "HSV"])
def test_images_come_back_pixel_for_pixel(stored, mode):
    image = noise(mode)
    record, back = stored(image)
    assert type(back) is Image.Image
    assert (back.mode, back.size, back.tobytes(), back.info) == (image.mode, image.size, image.tobytes(), image.info)
    if mode in ("1", "L", "LA", "RGB", "RGBA", "I;16"):
        assert record["codec"] == "image"


def test_an_opened_image_keeps_its_content(stored, tmp_path):
    noise("RGB").save(tmp_path / "a.png", dpi=(72, 72))
    with Image.open(tmp_path / "a.png") as image:
        back = stored(image)[1]
        assert back.tobytes() == image.tobytes()
        assert back.info == image.info


def test_digests_of_images_are_their_pixels_and_mode():
    image = noise("RGB")
    assert digest(image) == digest(image.copy()) is not None
    assert digest(image) != digest(image.rotate(180))
    assert digest(image) != digest(image.convert("RGBA"))
