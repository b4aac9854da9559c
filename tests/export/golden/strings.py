#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow write of strings.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: 181fd08ac16bba03

from kitaru import checkpoint, flow


# %% strings.ipynb cell a
TEXT = """
  indented
    more
"""


@checkpoint
def fill(name):
    return TEXT + f"""
  {name!r:>10}
"""


@flow
def write(name: str = "Ada"):
    letter = fill(name) + '''
end
''' + "a\
b"
    shown = letter.strip()  # é ü 日本
    if shown:
        letter += """
x"""

    return {
        "letter": letter,
        # inside
        "shown": shown,
    }


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(write)
