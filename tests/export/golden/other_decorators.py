#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow report of other_decorators.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: faece0b63f71b74a

from kitaru import checkpoint, flow


# %% other_decorators.ipynb cell a
import functools
import contextlib


def logged(function):
    @functools.wraps(function)
    def inner(*args):
        print(function.__name__)
        return function(*args)
    return inner


# %% other_decorators.ipynb cell b
@logged
def load(x):
    return x


@functools.cache
def _cached(x):
    return x


@contextlib.contextmanager
def opened(x):
    yield x


@checkpoint
def plain_too(x):
    return _cached(x)


@flow
def report():
    with opened(1) as one:
        value = load(plain_too(one))
    return plain(value)


# %% other_decorators.ipynb cell c
@checkpoint
def plain(x):
    return x + 1


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(report)
