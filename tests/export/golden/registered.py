#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "kitaru-jupyter==1.0",
# ]
# ///

# Flow run of registered.ipynb, written by kitaru export.
# Change the notebook and export it again; the digest tells whether this file was changed by hand.
# Digest: d59376583a297f52


# %% registered.ipynb cell agent
from kitaru import checkpoint, flow


class Agent:
    def __init__(self):
        self.tools = {}

    def tool(self, function):
        self.tools[function.__name__] = function
        return function


agent = Agent()


# %% registered.ipynb cell tools
@agent.tool
def search(text):
    return text + SUFFIX


SUFFIX = "?"


# %% registered.ipynb cell flow
@checkpoint
def ask(text):
    return [tool(text) for tool in agent.tools.values()]


@flow
def run(text: str):
    return ask(text)


if __name__ == "__main__":
    from kitaru.cli import run_flows

    run_flows(run)
