"""The work, on LangGraph with SqliteSaver: ``steps N``, ``fan_out N`` or ``first 1``; prints the seconds as JSON."""

import json
import operator
import sys
import time
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send


class State(TypedDict):
    number: int
    until: int
    values: Annotated[list[int], operator.add]


def increment(state: State) -> dict[str, Any]:
    return {"number": state["number"] + 1}


def increment_one(state: State) -> dict[str, Any]:
    return {"values": [state["number"] + 1]}


def again(state: State) -> str:
    return END if state["number"] >= state["until"] else "increment"


def spread(state: State) -> list[Send]:
    return [Send("increment_one", {"number": number}) for number in range(state["until"])]


def graph(task: str) -> Any:
    built = StateGraph(State)
    if task == "fan_out":
        built.add_node("increment_one", increment_one)
        built.add_conditional_edges(START, spread, ["increment_one"])
    else:
        built.add_node("increment", increment)
        built.add_edge(START, "increment")
        built.add_conditional_edges("increment", again, ["increment", END])
    return built


def run(app: Any, thread: str, count: int) -> float:
    config = {"configurable": {"thread_id": thread}, "recursion_limit": count + 10}
    start = time.perf_counter()
    app.invoke({"number": 0, "until": count, "values": []}, config, durability="sync")
    return time.perf_counter() - start


task, count = sys.argv[1], int(sys.argv[2])
with SqliteSaver.from_conn_string("work.sqlite") as saver:
    app = graph(task).compile(checkpointer=saver)
    if task != "first":
        run(app, f"{task} warm-up", 10)
    print(json.dumps({"seconds": run(app, task, count)}), flush=True)
