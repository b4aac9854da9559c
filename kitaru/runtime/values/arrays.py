"""NumPy arrays as npy bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


class NumpyCodec:
    """NumPy arrays; NumPy scalars are pickled."""

    name = "numpy"

    def handles(self, value: Any) -> bool:
        """Take plain arrays whose bytes are all there is: no subclasses, no Python objects, no exotic dtypes."""
        import numpy as np

        if type(value) is not np.ndarray or value.dtype.hasobject or value.dtype.metadata:
            return False
        described = np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(value.dtype))
        return bool(described == value.dtype)

    def encode(self, value: np.ndarray[Any, Any]) -> memoryview:
        """Write `value` in the npy format."""
        import numpy as np

        buffer = io.BytesIO()
        # Version 3 is for field names that are not Latin text; asked for by name, it comes without a warning.
        version = (1, 0) if value.dtype.names is None else (3, 0)
        np.lib.format.write_array(buffer, value, version=version, allow_pickle=False)
        return buffer.getbuffer()

    def decode(self, data: bytes) -> np.ndarray[Any, Any]:
        """Read the npy format."""
        import numpy as np

        array: np.ndarray[Any, Any] = np.load(io.BytesIO(data), allow_pickle=False)
        return array
