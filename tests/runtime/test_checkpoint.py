from __future__ import annotations

import asyncio
import threading

import pytest

import kitaru
from kitaru import checkpoint, flow
from kitaru.errors import KitaruContextError, KitaruExecutionError, KitaruUsageError, KitaruUserCodeError
from kitaru.runtime.engine import engine
from tests.conftest import until


@checkpoint
def double(x):
    return 2 * x


@checkpoint
async def triple(x):
    await asyncio.sleep(0)
    return 3 * x


def result_of(body, *args, **kwargs):
    return flow(cache=False)(body).run(*args, **kwargs).wait(60)


def test_a_checkpoint_returns_its_value_in_the_body():
    def body() -> str:
        value = double(4)
        assert value == 8
        return f"{value} {'big' if value > 5 else 'small'} {[*range(value)][-1]}"

    assert result_of(body) == "8 big 7"


def test_an_async_checkpoint_is_called_like_any_other_in_a_sync_flow():
    def body() -> int:
        return triple(double(1))

    assert result_of(body) == 6


def test_an_async_flow_awaits_async_checkpoints_and_calls_sync_ones():
    async def body() -> list[int]:
        first = await triple(1)
        return [first, double(first), *await asyncio.gather(triple(2), triple(3))]

    assert result_of(body) == [3, 6, 6, 9]


def test_async_checkpoints_of_an_async_flow_run_at_the_same_time():
    async def body() -> int:
        arrived = asyncio.Event()

        @checkpoint
        async def first() -> int:
            await asyncio.wait_for(arrived.wait(), 60)
            return 1

        @checkpoint
        async def second() -> int:
            arrived.set()
            return 2

        return sum(await asyncio.gather(first(), second()))

    assert result_of(body) == 3


def test_submit_runs_beside_the_body_and_its_result_is_the_value():
    gate = threading.Event()

    @checkpoint
    def held(x):
        assert gate.wait(60)
        return x

    def body() -> int:
        future = held.submit(5)
        assert future.running()
        assert not future.done()
        gate.set()
        return future.result() + double.submit(1).load()

    assert result_of(body) == 7


def test_a_future_can_be_awaited_in_an_async_flow():
    async def body() -> tuple[int, list[int]]:
        return await double.submit(2), await triple.map([1, 2])

    assert result_of(body) == (4, [3, 6])


def test_map_takes_plain_lists_in_order():
    assert result_of(lambda: double.map(range(50)).result()) == [2 * n for n in range(50)]


def test_map_of_nothing_is_an_empty_list():
    assert result_of(lambda: double.map([]).result()) == []


def test_map_walks_several_lists_side_by_side_and_keeps_constants():
    @checkpoint
    def join(a, b, sep="-", end=""):
        return f"{a}{sep}{b}{end}"

    def body():
        return join.map(["a", "b"], [1, 2], sep="+", end=["x"]).result()

    assert result_of(body) == ["a+1['x']", "b+2['x']"]


def test_map_of_unequal_lists_says_so():
    with pytest.raises(kitaru.errors.KitaruExecutionError) as caught:
        result_of(lambda: double.map([1], [1, 2]).result())
    assert "different lengths (1, 2)" in str(caught.value)


def test_product_makes_every_combination():
    @checkpoint
    def pair(a, b):
        return a, b

    assert result_of(lambda: pair.product("ab", [1, 2]).result()) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_map_future_is_a_sequence_of_futures():
    @checkpoint
    def both(x):
        return x, -x

    def body():
        mapped = both.map([1, 2, 3])
        return len(mapped), mapped[1].result(), [future.result() for future in mapped], mapped.unpack()

    assert result_of(body) == (3, (2, -2), [(1, -1), (2, -2), (3, -3)], ([1, 2, 3], [-1, -2, -3]))


def test_futures_inside_of_arguments_arrive_as_values():
    @checkpoint
    def collect(values, by_name, pair):
        return values, by_name, pair

    def body():
        one, two = double.submit(1), double.submit(2)
        return collect([one, [two]], {"one": one, "deep": {"two": two}}, (two, 0))

    assert result_of(body) == ([2, [4]], {"one": 2, "deep": {"two": 4}}, (4, 0))


def test_futures_that_a_flow_returns_become_values():
    def body():
        return {"all": [double.submit(1), (double.submit(2), 3)], "map": double.map([5])}

    assert result_of(body) == {"all": [2, (4, 3)], "map": [10]}


def test_mapping_over_the_results_of_a_map():
    assert result_of(lambda: double.map(double.map([1, 2])).result()) == [4, 8]


def test_an_id_names_the_call(calls_of):
    @flow(cache=False)
    def body() -> int:
        return double(1, id="first") + double(2) + double(3)

    handle = body.run()
    assert handle.wait(60) == 12
    assert sorted(calls_of(handle.exec_id)) == ["double", "double_2", "first"]


def test_an_id_that_is_used_twice_is_an_error_that_names_it():
    with pytest.raises(kitaru.errors.KitaruExecutionError, match=r"id='a' is used twice"):
        result_of(lambda: (double(1, id="a"), double(2, id="a")))


def test_an_automatic_name_steps_aside_for_an_id(calls_of):
    @flow(cache=False)
    def body() -> list[int]:
        return [double(1, id="double_2"), double(2), double(3), double(4)]

    handle = body.run()
    assert handle.wait(60) == [2, 4, 6, 8]
    names = calls_of(handle.exec_id)
    assert len(names) == 4
    assert names["double_2"]["sequence"] == 0


def test_after_makes_a_call_wait_without_taking_the_value(calls_of):
    order: list[str] = []

    @checkpoint
    def note(word):
        order.append(word)

    @flow(cache=False)
    def body() -> None:
        first = note.submit("first")
        note("second", after=first)
        note("third", after=[first])

    handle = body.run()
    handle.wait(60)
    assert order == ["first", "second", "third"]
    assert calls_of(handle.exec_id)["note_2"]["parents"] == ["note"]


def held_and_doubled():
    gate, ran = threading.Event(), []

    @checkpoint
    def held(n):
        assert gate.wait(60)
        ran.append(f"held {n}")
        return n

    @checkpoint
    def double(n, more=0):
        ran.append(f"double {n}")
        return 2 * n + more

    return gate, ran, held, double


def test_a_call_that_is_submitted_with_a_future_does_not_hold_up_the_body(calls_of):
    gate, _, held, double = held_and_doubled()

    @flow(cache=False)
    def body():
        chain = double.submit(held.submit(5), id="chain")
        chains = double.map(held.map([1, 2]), more=10)
        last = double.submit([chain, *chains][0], more=chains[1])
        after = double.submit(7, after=chains)
        waiting = (repr(chain), chain.done(), after.done())
        gate.set()
        return chain.result(), chains.result(), last.result(), after.result(), waiting

    handle = body.run()
    assert handle.wait(60) == (10, [12, 14], 34, 14, ("<call chain running>", False, False))
    parents = {name: set(call["parents"]) for name, call in calls_of(handle.exec_id).items()}
    assert parents["chain"] == {"held"}
    assert {"held_2"} in parents.values()
    assert {"held_3"} in parents.values()
    assert any("chain" in names and len(names) == 2 for names in parents.values())
    assert set(calls_of(handle.exec_id)) == {
        "chain",
        "held",
        "held_2",
        "held_3",
        *(f"double{n}" for n in ("", "_2", "_3", "_4")),
    }


def test_names_and_order_of_chained_calls_are_those_of_the_body_whichever_ends_first(calls_of):
    gates = [threading.Event() for _ in range(3)]

    @checkpoint
    def held(n):
        assert gates[n].wait(60)
        return n

    @checkpoint
    def double(n):
        return 2 * n

    @flow(cache=False)
    def body():
        chains = double.map(held.map([0, 1, 2]))
        for n in (2, 0, 1):
            gates[n].set()
            chains[n].wait()
        return [chain.call_name for chain in chains], double(7)

    handle = body.run()
    assert handle.wait(60) == (["double", "double_2", "double_3"], 14)
    calls = calls_of(handle.exec_id)
    texts = {name: call["inputs"]["n"]["preview"]["text"] for name, call in calls.items() if "double" in name}
    assert texts == {"double": "0", "double_2": "1", "double_3": "2", "double_4": "7"}
    assert [calls[name]["sequence"] for name in texts] == [3, 4, 5, 6]
    again = body.replay(handle.exec_id, invocation_overrides={"double_2": {"output": "two"}})
    assert again.wait(60) == (["double", "double_2", "double_3"], 14)
    found = calls_of(again.exec_id)
    assert {name: (call["status"], call["reason"]) for name, call in found.items() if "double" in name} == {
        "double": ("reused", "replay"),
        "double_2": ("reused", "override"),
        "double_3": ("reused", "replay"),
        "double_4": ("reused", "replay"),
    }


def test_a_submitted_call_fails_with_what_its_future_failed_with_and_is_not_made(calls_of):
    gate = threading.Event()

    @checkpoint
    def broken():
        assert gate.wait(60)
        raise LookupError("no such page")

    @checkpoint
    def double(n):
        return 2 * n

    @flow(cache=False)
    def body():
        future = double.submit(broken.submit())
        gate.set()
        return type(future.exception()).__name__

    handle = body.run()
    assert handle.wait(60) == "LookupError"
    assert list(calls_of(handle.exec_id)) == ["broken"]


def test_a_submitted_call_that_cannot_take_its_arguments_says_so_at_once():
    gate, _, held, double = held_and_doubled()

    def body():
        future = held.submit(1)
        try:
            double.submit(future, wrong=2)
        except TypeError as error:
            return str(error)
        finally:
            gate.set()
        return "taken"

    assert "wrong" in result_of(body)


def test_chains_that_were_cut_off_go_on_where_they_were():
    gate, ran, held, double = held_and_doubled()
    broken = [True]

    @flow(cache=False)
    def body():
        chains = double.map(held.map([1, 2, 3]))
        gate.set()
        total = sum(chains.result())
        if broken[0]:
            raise ValueError("later")
        return total

    handle = body.run()
    with pytest.raises(KitaruExecutionError, match="later"):
        handle.wait(60)
    broken[0] = False
    gate.clear()
    assert engine().retry(handle.exec_id, body).wait(60) == 12
    assert len(ran) == 6


def test_a_chain_is_finished_by_the_next_run_when_the_flow_was_let_go_in_between(parked, answer, recorded):
    gate, ran, held, double = held_and_doubled()

    @flow(cache=False)
    def body():
        chain = double.submit(held.submit(4))
        return kitaru.wait(schema=int, timeout=0) + chain.result()

    handle = body.run()
    until(lambda: recorded(handle.exec_id)["waits"])
    gate.set()
    parked(handle.exec_id)
    assert ran == ["held 4"]
    answer(handle.exec_id, 1)
    assert handle.wait(60) == 9
    assert ran == ["held 4", "double 4"]


def test_a_parameter_named_id_or_after_belongs_to_the_function():
    @checkpoint
    def show(id, after):  # noqa: A002
        return id, after

    assert result_of(lambda: show(id=1, after=2)) == (1, 2)


def test_variable_arguments_are_recorded_and_arrive():
    @checkpoint
    def everything(first, *rest, flag=False, **more):
        return first, rest, flag, more

    assert result_of(lambda: everything(1, 2, 3, flag=True, other="x")) == (1, (2, 3), True, {"other": "x"})
    assert result_of(lambda: everything(1)) == (1, (), False, {})


def test_keyword_only_and_positional_only_parameters_work():
    @checkpoint
    def strict(a, /, b, *, c=3):
        return a, b, c

    assert result_of(lambda: strict(1, b=2)) == (1, 2, 3)


def test_a_method_can_be_a_checkpoint():
    class Box:
        def __init__(self, n):
            self.n = n

        @checkpoint
        def times(self, k):
            return self.n * k

    assert result_of(lambda: Box(3).times(4)) == 12


def test_a_checkpoint_outside_of_a_flow_says_what_to_do():
    with pytest.raises(KitaruContextError, match=r"outside of a flow.*double.__wrapped__"):
        double(1)
    assert double.__wrapped__(1) == 2


def test_a_checkpoint_inside_of_another_is_refused():
    @checkpoint
    def outer():
        return double(1)

    with pytest.raises(kitaru.errors.KitaruExecutionError, match="inside of checkpoint 'outer'"):
        result_of(lambda: outer())


def test_a_generator_is_no_checkpoint():
    def numbers():
        yield 1

    with pytest.raises(KitaruUsageError, match="is a generator"):
        checkpoint(numbers)


@pytest.mark.parametrize(
    "options",
    [
        {"runtime": "remote"},
        {"on_interrupted": "skip"},
        {"timeout": 0},
        {"timeout": -1},
        {"retries": -1},
        {"retries": True},
        {"retries": "two"},
        {"ttl": -1},
    ],
)
def test_options_without_meaning_are_refused(options):
    with pytest.raises(KitaruUsageError):
        checkpoint(**options)(lambda: 1)


def test_calling_with_wrong_arguments_names_the_function():
    with pytest.raises(KitaruUserCodeError, match=r"double\(\).*unexpected keyword argument 'y'"):
        result_of(lambda: double(x=1, y=2))


def test_a_submitted_call_that_fails_fails_the_flow_even_if_nobody_waits_for_it():
    @checkpoint
    def broken():
        raise ValueError("never mind")

    def body() -> str:
        broken.submit()
        return "fine"

    with pytest.raises(KitaruUserCodeError, match="never mind"):
        result_of(body)


def test_the_exception_of_a_call_reaches_the_body_as_it_is():
    @checkpoint
    def broken():
        raise KeyError("k")

    def body():
        try:
            broken()
        except KeyError as error:
            return error.args

    assert result_of(body) == ("k",)
    assert result_of(lambda: str(broken.submit().exception())) == "'k'"


def test_results_of_equal_inputs_are_not_mixed_up_in_a_large_fan_out():
    @checkpoint
    def square(n):
        return n * n

    assert result_of(lambda: square.map(range(1500)).result(60)) == [n * n for n in range(1500)]


def test_a_value_that_cannot_be_stored_fails_the_call_and_names_it():
    @checkpoint
    def lock():
        return threading.Lock()

    with pytest.raises(kitaru.errors.KitaruExecutionError, match=r"lock") as caught:
        result_of(lambda: lock())
    assert isinstance(caught.value.__cause__, kitaru.errors.KitaruSerializationError)


def test_a_mutation_of_an_argument_after_the_call_does_not_change_what_is_recorded(calls_of):
    @checkpoint
    def grow(items):
        items.append("more")
        return len(items)

    @flow(cache=False)
    def body() -> list[int]:
        items: list[str] = []
        return [grow(items), grow(items)]

    handle = body.run()
    assert handle.wait(60) == [1, 2]
    assert calls_of(handle.exec_id)["grow"]["inputs"]["items"]["preview"]["text"] == "[]"


def test_more_submitted_calls_with_a_timeout_than_threads_all_get_their_time():
    @checkpoint(timeout=20)
    def quick(n):
        return n

    assert result_of(lambda: quick.map(range(100)).result(60)) == list(range(100))


def test_a_failure_that_the_body_handles_does_not_fail_the_flow():
    @checkpoint
    def broken(n):
        raise ValueError(n)

    def body() -> list[str]:
        seen = []
        for future in broken.map([1, 2]):
            try:
                future.result()
            except ValueError as error:
                seen.append(str(error))
        return seen

    async def asynchronous() -> str:
        try:
            return await broken.submit(3)
        except ValueError as error:
            return str(error)

    assert result_of(body) == ["1", "2"]
    assert result_of(asynchronous) == "3"
