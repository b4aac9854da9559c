"""Blank rows of the tables that the projection fills: one key for each column of the schema."""

from __future__ import annotations

from typing import Any, Final

Row = dict[str, Any]


def _blank(names: str) -> Row:
    return dict.fromkeys(names.split())


_NO_USAGE: Final[Row] = {**_blank("llm_calls input_tokens output_tokens total_tokens cost_usd"), "llm_calls": 0}

EXECUTION: Final[Row] = {
    **_blank(
        "exec_id flow status epoch runner code snapshot_id inputs output stack spec parent_exec_id parent_call "
        "original_exec_id replay notebook cwd interpreter tags metadata created_at started_at ended_at reason failure "
        "failed_call waits_pending deployment_version invoked_by invoked_via"
    ),
    "calls": 0,
    "reused": 0,
    "failed": 0,
    **_NO_USAGE,
    "first_position": 0,
    "last_position": 0,
}

CALL: Final[Row] = {
    **_blank(
        "exec_id name checkpoint type runtime sequence status attempts concurrent input_digest inputs parents code_id "
        "cache_key opaque output failure started_at attempt_started_at ended_at duration reason source_exec_id "
        "source_call why metadata progress"
    ),
    **_NO_USAGE,
    "first_position": 0,
    "position": 0,
}

WAIT: Final[Row] = _blank(
    "exec_id name status question schema metadata deadline default value by source created_at ended_at "
    "first_position position"
)

JOB: Final[Row] = {
    **_blank(
        "job_id exec_id kind target epoch status after interpreter cwd host changes requirements attempts runner "
        "worker error reason created_at claimed_at ended_at first_position position"
    ),
    "attempts": 0,
}

LLM_CALL: Final[Row] = _blank(
    "position exec_id call attempt at name requested_model resolved_model alias provider credential_source "
    "input_tokens output_tokens total_tokens cached_input_tokens reasoning_tokens cost_usd cost_source latency_ms "
    "status prompt response warnings"
)

SCHEDULE: Final[Row] = _blank(
    "name flow version tag inputs cron every timezone missed paused created_by created_at resumed_at last_due "
    "last_exec_id last_error position"
)

DEPLOYMENT: Final[Row] = _blank(
    "flow version script script_note snapshot_id parameters requirements source source_digest commit_sha commit_dirty "
    "python kitaru interpreter cwd import_path stack settings notes created_by created_at deleted_at position"
)
