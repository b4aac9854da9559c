-- Rows that still change live in small tables named *_open; a row moves to the large table of its kind
-- when it no longer changes. The large tables are append-only, without keys and secondary indexes, and
-- ordered by journal position: a lookup that knows an execution's first and last position reads only the
-- row groups between them.

CREATE SCHEMA IF NOT EXISTS internal;

CREATE TABLE internal.applied (position BIGINT);
INSERT INTO internal.applied VALUES (0);

CREATE TABLE internal.clients (client VARCHAR, sequence BIGINT, results JSON, "at" DOUBLE);

CREATE TABLE internal.quarantine (position BIGINT, kind VARCHAR, exec_id VARCHAR, error VARCHAR, event JSON);

CREATE TABLE internal.executions (
    exec_id VARCHAR, flow VARCHAR, status VARCHAR, epoch BIGINT, runner JSON, code VARCHAR, snapshot_id VARCHAR,
    inputs JSON, output JSON, stack VARCHAR, spec JSON, parent_exec_id VARCHAR, parent_call VARCHAR,
    original_exec_id VARCHAR, replay JSON, notebook VARCHAR, cwd VARCHAR, interpreter JSON, tags VARCHAR[],
    metadata JSON, created_at DOUBLE, started_at DOUBLE, ended_at DOUBLE, reason VARCHAR, failure JSON,
    failed_call VARCHAR, waits_pending VARCHAR[], calls BIGINT, reused BIGINT, failed BIGINT,
    llm_calls BIGINT, input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT, cost_usd DOUBLE,
    first_position BIGINT, last_position BIGINT
);
CREATE TABLE internal.executions_open AS FROM internal.executions WITH NO DATA;

CREATE TABLE internal.calls (
    exec_id VARCHAR, name VARCHAR, checkpoint VARCHAR, type VARCHAR, runtime VARCHAR, sequence BIGINT, status VARCHAR,
    attempts BIGINT, concurrent BOOLEAN, input_digest VARCHAR, inputs JSON, parents VARCHAR[], code_id VARCHAR,
    cache_key VARCHAR, opaque VARCHAR[], output JSON, failure JSON, started_at DOUBLE, attempt_started_at DOUBLE,
    ended_at DOUBLE, duration DOUBLE, reason VARCHAR, source_exec_id VARCHAR, source_call VARCHAR, why VARCHAR,
    metadata JSON, progress JSON, llm_calls BIGINT, input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT,
    cost_usd DOUBLE, first_position BIGINT, position BIGINT
);
CREATE TABLE internal.calls_open AS FROM internal.calls WITH NO DATA;

CREATE TABLE internal.attempts (
    exec_id VARCHAR, call VARCHAR, attempt BIGINT, status VARCHAR, started_at DOUBLE, ended_at DOUBLE, failure JSON,
    retry_in DOUBLE, position BIGINT
);

CREATE TABLE internal.waits (
    exec_id VARCHAR, name VARCHAR, status VARCHAR, question VARCHAR, schema JSON, metadata JSON, deadline DOUBLE,
    "default" JSON, value JSON, "by" VARCHAR, source VARCHAR, created_at DOUBLE, ended_at DOUBLE,
    first_position BIGINT, position BIGINT
);
CREATE TABLE internal.waits_open AS FROM internal.waits WITH NO DATA;

CREATE TABLE internal.artifacts (
    artifact_id VARCHAR, exec_id VARCHAR, call VARCHAR, name VARCHAR, kind VARCHAR, value JSON, tags VARCHAR[],
    "at" DOUBLE, position BIGINT
);

CREATE TABLE internal.events (
    position BIGINT, exec_id VARCHAR, kind VARCHAR, "at" DOUBLE, call VARCHAR, attempt BIGINT, epoch BIGINT, body JSON
);

CREATE TABLE internal.logs (
    position BIGINT, line BIGINT, exec_id VARCHAR, call VARCHAR, attempt BIGINT, "at" DOUBLE, stream VARCHAR,
    level VARCHAR, text VARCHAR, logger VARCHAR, file VARCHAR, file_line BIGINT
);

CREATE TABLE internal.llm_calls (
    position BIGINT, exec_id VARCHAR, call VARCHAR, attempt BIGINT, "at" DOUBLE, name VARCHAR, requested_model VARCHAR,
    resolved_model VARCHAR, alias VARCHAR, provider VARCHAR, credential_source VARCHAR, input_tokens BIGINT,
    output_tokens BIGINT, total_tokens BIGINT, cached_input_tokens BIGINT, reasoning_tokens BIGINT, cost_usd DOUBLE,
    cost_source VARCHAR, latency_ms DOUBLE, status VARCHAR, prompt JSON, response JSON, warnings JSON
);

CREATE TABLE internal.snapshots (
    snapshot_id VARCHAR, flow VARCHAR, "at" DOUBLE, source VARCHAR, code JSON, signature JSON, versions JSON,
    identity JSON, module VARCHAR, qualname VARCHAR, notes VARCHAR[], position BIGINT
);

CREATE TABLE internal.recorded_values (
    exec_id VARCHAR, call VARCHAR, name VARCHAR, value JSON, "at" DOUBLE, position BIGINT
);

-- key_hash is the CRC-32 of cache_key: four bytes a row are scanned instead of an index that would have to be
-- rewritten, and replayed after a crash.
CREATE TABLE internal.cache_entries (
    key_hash UINTEGER, code_id VARCHAR, cache_key VARCHAR, checkpoint VARCHAR, exec_id VARCHAR, call VARCHAR,
    "at" DOUBLE, output JSON, position BIGINT
);
