"""Pillow images as PNG, where PNG holds them exactly."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kitaru.runtime.values.digests import digest

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


class ImageCodec:
    """Pillow images; what PNG does not hold exactly is pickled."""

    name = "image"

    def handles(self, value: Any) -> bool:
        """Take images in memory; an image that was opened from a file has a class of its own and is pickled."""
        from PIL.Image import Image

        return type(value) is Image and value.mode in _MODES

    def encode(self, value: Image) -> memoryview | None:
        """Write a PNG, or return None if it would not give back the same image."""
        buffer = io.BytesIO()
        try:
            value.save(buffer, format="PNG")
            data = buffer.getbuffer()
            restored = self.decode(data)
        # Pillow has many classes of errors for the sizes and modes that PNG refuses.
        except Exception:
            return None
        content = digest(value)
        return data if content is not None and digest(restored) == content else None

    def decode(self, data: bytes | memoryview) -> Image:
        """Read the PNG."""
        from PIL import Image

        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            return opened.copy()
