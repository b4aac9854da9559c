from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jupyter.conftest import Ask, Recorded


def test_the_status_names_the_home_and_its_open_questions(ask: Ask, shown: Recorded, jp_root_dir: Path) -> None:
    told = ask("status").json
    assert told["root"] == str(jp_root_dir)
    assert (told["location"], told["waiting"], told["problem"]) == (str(shown.home), 0, None)
    assert told["home"] in [home["id"] for home in told["homes"]]


def test_the_flows_that_have_executions_are_named(ask: Ask, shown: Recorded) -> None:
    assert ask("flows").json == ["failing", "keeping", "report"]


def test_executions_are_listed_the_newest_first_with_the_total(ask: Ask, shown: Recorded) -> None:
    told = ask("executions", limit=2).json
    assert told["total"] == 4
    assert [item["exec_id"] for item in told["items"]] == [shown.keeping, shown.failing]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"flow": "report"}, 2),
        ({"status": "failed"}, 1),
        ({"status": "failed,completed"}, 4),
        ({"text": "<b>no"}, 1),
        ({"since": "1h"}, 4),
        ({"until": "0"}, 0),
        ({"since": "2020-01-01T00:00:00Z", "order": "flow"}, 4),
        ({"notebook": "other.ipynb"}, 0),
        ({"offset": "3"}, 1),
    ],
)
def test_executions_are_filtered(ask: Ask, shown: Recorded, asked: dict[str, str], found: int) -> None:
    assert len(ask("executions", **asked).json["items"]) == found


def test_an_execution_is_shown_with_its_calls_and_its_home(ask: Ask, shown: Recorded) -> None:
    told = ask(f"executions/{shown.report}").json
    assert (told["flow"], told["status"], told["home"]) == ("report", "completed", ask("status").json["home"])
    assert [row["name"] for row in told["rows"]] == ["research", "write"]


def test_the_beginning_of_an_id_will_do(ask: Ask, shown: Recorded) -> None:
    assert ask(f"executions/{shown.report[3:11]}").json["exec_id"] == shown.report


def test_calls_are_paged_and_filtered(ask: Ask, shown: Recorded) -> None:
    told = ask(f"executions/{shown.report}/calls", limit=1, offset=1).json
    assert ([call["name"] for call in told["items"]], told["total"]) == (["write"], 2)
    assert ask(f"executions/{shown.report}/calls", checkpoint="research").json["total"] == 1
    assert ask(f"executions/{shown.failing}/calls", status="failed").json["items"][0]["failure"]["type"] == "ValueError"


def test_a_call_is_told_with_attempts_metadata_artifacts_and_why_it_ran(ask: Ask, shown: Recorded) -> None:
    told = ask(f"executions/{shown.report}/calls/research").json
    assert (told["status"], told["metadata"], len(told["attempt_list"])) == ("completed", {"sources": 3}, 1)
    assert told["explanation"] == "research ran: the reuse of results was off for it."
    assert [item["artifact_id"] for item in told["artifacts"]] == [f"{shown.report}/research/output"]
    assert ask(f"executions/{shown.report}/calls/write").json["parents"] == ["research"]


def test_output_is_read_from_its_end_or_its_beginning(ask: Ask, shown: Recorded) -> None:
    lines = ask(f"executions/{shown.report}/logs").json
    assert [(line["text"], line["call"]) for line in lines] == [("looking for cats", "research")]
    assert ask(f"executions/{shown.report}/logs", call="write").json == []
    assert ask(f"executions/{shown.report}/logs", tail="false", limit=1).json == lines


def test_two_executions_are_put_side_by_side_with_their_values_and_the_lines_that_differ(
    ask: Ask, shown: Recorded
) -> None:
    told = ask(f"executions/{shown.report}/diff", **{"with": shown.other}).json
    assert [(change["name"], change["before"]["text"], change["after"]["text"]) for change in told["inputs"]] == [
        ("topic", "'cats'", "'dogs'")
    ]
    research, write = told["calls"]
    assert (research["before"], research["after"], research["same"]) == ("research", "research", False)
    assert research["output"]["text_diff"] == ["-notes about cats", "+notes about dogs", " in two lines"]
    assert research["output"]["after"]["artifact_id"] == f"{shown.other}/research/output"
    assert [change["name"] for change in write["inputs"]] == ["notes"]


def test_figures_are_counted_by_group(ask: Ask, shown: Recorded) -> None:
    told = ask("statistics", group_by="flow,status").json
    assert {(group["keys"]["flow"], group["count"]) for group in told["groups"]} == {
        ("report", 2), ("failing", 1), ("keeping", 1),
    }  # fmt: skip
    (day,) = ask("statistics", group_by="time:day", flow="report").json["groups"]
    assert isinstance(day["keys"]["time:day"], float)


@pytest.mark.parametrize(
    "path",
    ["executions/kr-000000000000", "executions/kr-000000000000/calls", "executions/kr-000000000000/calls/a",
     "executions/kr-000000000000/logs", "executions/kr-000000000000/artifacts", "artifacts/kr-000000000000/a/output"],
)  # fmt: skip
def test_what_does_not_exist_is_not_found_with_a_message(ask: Ask, shown: Recorded, path: str) -> None:
    told = ask(path)
    assert told.status == 404
    assert told.json["reason"] == "KitaruNotFoundError"
    assert "kr-000000000000" in told.json["message"]
    assert told.json["next"] == "kitaru executions list"


def test_a_call_that_does_not_exist_is_not_found(ask: Ask, shown: Recorded) -> None:
    told = ask(f"executions/{shown.report}/calls/no%2Fsuch")
    assert (told.status, told.json["message"]) == (404, f"Execution {shown.report} has no call 'no/such'.")


@pytest.mark.parametrize(
    ("path", "asked", "place"),
    [
        ("executions", {"colour": "red"}, "colour"),
        ("executions", {"limit": "many"}, "limit"),
        ("executions", {"limit": "100000"}, "limit"),
        ("executions", {"offset": "-1"}, "offset"),
        ("executions/kr-1/logs", {"tail": "perhaps"}, "tail"),
        ("executions/kr-1/diff", {}, "with"),
        ("status", {"flow": "report"}, "flow"),
        ("artifacts/a/content", {"format": "pickle"}, "format"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(
    ask: Ask, shown: Recorded, path: str, asked: dict[str, str], place: str
) -> None:
    told = ask(path, **asked)
    assert (told.status, told.json["reason"]) == (400, "KitaruUsageError")
    assert [item["place"] for item in told.json["places"]] == [place]
    assert place in told.json["message"]


@pytest.mark.parametrize("asked", [{"status": "asleep"}, {"order": "colour"}, {"since": "soon"}])
def test_a_filter_without_meaning_says_what_there_is(ask: Ask, shown: Recorded, asked: dict[str, str]) -> None:
    told = ask("executions", **asked)
    assert (told.status, told.json["reason"]) == (400, "KitaruUsageError")


def test_what_jupyterlab_itself_adds_to_addresses_is_passed_by(ask: Ask, shown: Recorded) -> None:
    assert ask("status", **{"1732668346000": "", "no_track_activity": "1"}).status == 200
