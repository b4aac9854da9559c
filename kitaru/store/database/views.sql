-- The public SQL surface, and the unions that the named reads use. Times are TIMESTAMPTZ in UTC, durations are
-- seconds, costs are US dollars; inputs and outputs appear as previews, never as values.

CREATE OR REPLACE VIEW internal.all_executions AS
    FROM internal.executions UNION ALL FROM internal.executions_open;
CREATE OR REPLACE VIEW internal.all_calls AS
    FROM internal.calls UNION ALL FROM internal.calls_open;
CREATE OR REPLACE VIEW internal.all_waits AS
    FROM internal.waits UNION ALL FROM internal.waits_open;
CREATE OR REPLACE VIEW internal.all_jobs AS
    FROM internal.jobs UNION ALL FROM internal.jobs_open;
CREATE OR REPLACE VIEW internal.all_attempts AS
    SELECT exec_id, call, attempt, status, started_at, ended_at, failure, retry_in, position FROM internal.attempts
    UNION ALL
    SELECT exec_id, name, attempts, status, attempt_started_at, ended_at, failure, NULL, position
    FROM internal.all_calls WHERE attempt_started_at IS NOT NULL;
CREATE OR REPLACE VIEW internal.all_artifacts AS
    SELECT artifact_id, exec_id, call, name, kind, 'manual' AS save_type, value, tags, "at", position
    FROM internal.artifacts
    UNION ALL
    SELECT exec_id || '/' || name || '/output', exec_id, name, 'output', 'output', 'output', output, [], ended_at,
           position
    FROM internal.all_calls WHERE output IS NOT NULL AND status IN ('completed', 'reused');
CREATE OR REPLACE VIEW internal.all_events AS
    SELECT position, exec_id, kind, "at", call, attempt, epoch, body FROM internal.events
    UNION ALL
    SELECT first_position, exec_id, 'call.started', started_at, name, 1, NULL,
           json_object('checkpoint', checkpoint, 'type', type, 'sequence', sequence)
    FROM internal.all_calls WHERE attempts > 0
    UNION ALL
    SELECT position, exec_id, 'call.attempt_failed', ended_at, call, attempt, NULL,
           json_object('failure', failure, 'retry_in', retry_in)
    FROM internal.attempts
    UNION ALL
    SELECT position, exec_id, 'call.' || status, ended_at, name, attempts, NULL,
           CASE status
               WHEN 'failed' THEN json_object('failure', failure, 'duration', duration)
               WHEN 'reused' THEN json_object('reason', reason, 'why', why, 'source_exec_id', source_exec_id,
                                              'source_call', source_call, 'checkpoint', checkpoint,
                                              'sequence', sequence)
               ELSE json_object('duration', duration)
           END
    FROM internal.all_calls WHERE status IN ('completed', 'failed', 'reused', 'interrupted', 'cancelled');

-- The text of a preview; a preview of another form is shown as JSON.
CREATE OR REPLACE MACRO internal.preview(value) AS
    coalesce(value->'$.preview'->>'$.text', value->>'$.preview');
CREATE OR REPLACE MACRO internal.previews(inputs) AS
    to_json(map_from_entries(list_transform(json_keys(inputs), lambda name: {
        'k': name, 'v': internal.preview(json_extract(inputs, '/' || replace(replace(name, '~', '~0'), '/', '~1')))
    })));

CREATE OR REPLACE VIEW main.executions AS SELECT
    exec_id,
    flow,
    status,
    to_timestamp(created_at) AS created_at,
    to_timestamp(started_at) AS started_at,
    to_timestamp(ended_at) AS ended_at,
    ended_at - started_at AS duration_s,
    cost_usd,
    total_tokens AS tokens,
    input_tokens,
    output_tokens,
    llm_calls,
    calls,
    reused,
    failed,
    waits_pending AS waiting_for,
    original_exec_id,
    parent_exec_id,
    parent_call,
    notebook,
    stack,
    snapshot_id,
    deployment_version,
    invoked_by,
    invoked_via,
    internal.previews(inputs) AS inputs,
    internal.preview(output) AS output,
    output->>'$.type' AS output_type,
    failure->>'$.type' AS failure_type,
    failure->>'$.message' AS failure_message,
    failed_call,
    reason,
    metadata,
    tags
FROM internal.all_executions;
COMMENT ON VIEW main.executions IS 'One row for each run of a flow.';
COMMENT ON COLUMN main.executions.exec_id IS 'Id of the execution, for example kr-4f7q2m9x0c1d';
COMMENT ON COLUMN main.executions.flow IS 'Name of the flow';
COMMENT ON COLUMN main.executions.status IS 'pending, running, waiting, completed, failed, cancelled or interrupted';
COMMENT ON COLUMN main.executions.created_at IS 'When it was asked for';
COMMENT ON COLUMN main.executions.started_at IS 'When a runner first took it';
COMMENT ON COLUMN main.executions.ended_at IS 'When it completed, failed or was cancelled';
COMMENT ON COLUMN main.executions.duration_s IS 'Seconds from start to end, time spent waiting included';
COMMENT ON COLUMN main.executions.cost_usd IS 'What its model calls cost, in US dollars; null where no price is known';
COMMENT ON COLUMN main.executions.tokens IS 'Tokens of its model calls, in and out';
COMMENT ON COLUMN main.executions.input_tokens IS 'Tokens sent to models';
COMMENT ON COLUMN main.executions.output_tokens IS 'Tokens received from models';
COMMENT ON COLUMN main.executions.llm_calls IS 'Number of model calls';
COMMENT ON COLUMN main.executions.calls IS 'Number of checkpoint calls';
COMMENT ON COLUMN main.executions.reused IS 'How many of the calls took a recorded output';
COMMENT ON COLUMN main.executions.failed IS 'How many of the calls failed';
COMMENT ON COLUMN main.executions.waiting_for IS 'Names of the questions that are not answered yet';
COMMENT ON COLUMN main.executions.original_exec_id IS 'The execution that this one replays';
COMMENT ON COLUMN main.executions.parent_exec_id IS 'The execution that ran this one as a part of itself';
COMMENT ON COLUMN main.executions.parent_call IS 'The call of the parent that ran it';
COMMENT ON COLUMN main.executions.notebook IS 'Notebook that it was started from';
COMMENT ON COLUMN main.executions.stack IS 'Stack that it ran on';
COMMENT ON COLUMN main.executions.snapshot_id IS 'Frozen code that it ran';
COMMENT ON COLUMN main.executions.deployment_version IS 'Deployed version of the flow that was invoked; null for other runs';
COMMENT ON COLUMN main.executions.invoked_by IS 'Who invoked the version, or the schedule that did; null over HTTP and for other runs';
COMMENT ON COLUMN main.executions.invoked_via IS 'How it was invoked: python, cli, http, lab or schedule; null for other runs';
COMMENT ON COLUMN main.executions.inputs IS 'Previews of the flow''s inputs by name';
COMMENT ON COLUMN main.executions.output IS 'Preview of the flow''s result';
COMMENT ON COLUMN main.executions.output_type IS 'Type of the flow''s result';
COMMENT ON COLUMN main.executions.failure_type IS 'Type of the exception that ended it';
COMMENT ON COLUMN main.executions.failure_message IS 'Message of the exception that ended it';
COMMENT ON COLUMN main.executions.failed_call IS 'Call that made it fail';
COMMENT ON COLUMN main.executions.reason IS 'Why it was cancelled or interrupted';
COMMENT ON COLUMN main.executions.metadata IS 'What log() recorded about the execution';
COMMENT ON COLUMN main.executions.tags IS 'Tags of the execution';

CREATE OR REPLACE VIEW main.checkpoints AS SELECT
    exec_id,
    name,
    checkpoint,
    type,
    status,
    attempts,
    sequence,
    concurrent,
    runtime,
    to_timestamp(started_at) AS started_at,
    to_timestamp(ended_at) AS ended_at,
    duration AS duration_s,
    source_exec_id || '/' || source_call AS reused_from,
    reason AS reuse_reason,
    why,
    internal.previews(inputs) AS inputs,
    internal.preview(output) AS output,
    output->>'$.type' AS output_type,
    (output->>'$.size')::BIGINT AS output_bytes,
    cost_usd,
    total_tokens AS tokens,
    input_tokens,
    output_tokens,
    llm_calls,
    parents,
    failure->>'$.type' AS failure_type,
    failure->>'$.message' AS failure_message,
    metadata,
    code_id,
    cache_key
FROM internal.all_calls;
COMMENT ON VIEW main.checkpoints IS 'One row for each call of a checkpoint, whatever number of attempts it took.';
COMMENT ON COLUMN main.checkpoints.exec_id IS 'Execution that made the call';
COMMENT ON COLUMN main.checkpoints.name IS 'Name of the call inside its execution: the checkpoint''s, or with a number, or the id= given';
COMMENT ON COLUMN main.checkpoints.checkpoint IS 'Name of the checkpoint function';
COMMENT ON COLUMN main.checkpoints.type IS 'Kind of work, for example tool_call or llm_call';
COMMENT ON COLUMN main.checkpoints.status IS 'running, completed, failed, reused, interrupted or cancelled';
COMMENT ON COLUMN main.checkpoints.attempts IS 'Number of attempts; 0 if the output was reused';
COMMENT ON COLUMN main.checkpoints.sequence IS 'Place among the calls of the execution, from 0';
COMMENT ON COLUMN main.checkpoints.concurrent IS 'Whether other calls were in flight when it began';
COMMENT ON COLUMN main.checkpoints.runtime IS 'Where it ran: inline or isolated';
COMMENT ON COLUMN main.checkpoints.started_at IS 'When its first attempt began';
COMMENT ON COLUMN main.checkpoints.ended_at IS 'When it ended';
COMMENT ON COLUMN main.checkpoints.duration_s IS 'Seconds that its last attempt took';
COMMENT ON COLUMN main.checkpoints.reused_from IS 'Call whose output it took';
COMMENT ON COLUMN main.checkpoints.reuse_reason IS 'cache, replay or override';
COMMENT ON COLUMN main.checkpoints.why IS 'Why the output was reused, in one sentence';
COMMENT ON COLUMN main.checkpoints.inputs IS 'Previews of the inputs by name';
COMMENT ON COLUMN main.checkpoints.output IS 'Preview of the output';
COMMENT ON COLUMN main.checkpoints.output_type IS 'Type of the output';
COMMENT ON COLUMN main.checkpoints.output_bytes IS 'Size of the encoded output in bytes';
COMMENT ON COLUMN main.checkpoints.cost_usd IS 'What its model calls cost, in US dollars';
COMMENT ON COLUMN main.checkpoints.tokens IS 'Tokens of its model calls, in and out';
COMMENT ON COLUMN main.checkpoints.input_tokens IS 'Tokens sent to models';
COMMENT ON COLUMN main.checkpoints.output_tokens IS 'Tokens received from models';
COMMENT ON COLUMN main.checkpoints.llm_calls IS 'Number of model calls';
COMMENT ON COLUMN main.checkpoints.parents IS 'Calls that it depends on: whose outputs it got, or that were to be done first';
COMMENT ON COLUMN main.checkpoints.failure_type IS 'Type of the exception of the last attempt';
COMMENT ON COLUMN main.checkpoints.failure_message IS 'Message of the exception of the last attempt';
COMMENT ON COLUMN main.checkpoints.metadata IS 'What log() recorded about the call';
COMMENT ON COLUMN main.checkpoints.code_id IS 'Identity of the code that it ran';
COMMENT ON COLUMN main.checkpoints.cache_key IS 'Key under which its output may be reused';

CREATE OR REPLACE VIEW main.attempts AS SELECT
    exec_id,
    call AS name,
    attempt,
    status,
    to_timestamp(started_at) AS started_at,
    to_timestamp(ended_at) AS ended_at,
    ended_at - started_at AS duration_s,
    failure->>'$.type' AS failure_type,
    failure->>'$.message' AS failure_message,
    retry_in AS retry_in_s
FROM internal.all_attempts;
COMMENT ON VIEW main.attempts IS 'One row for each attempt of each call.';
COMMENT ON COLUMN main.attempts.exec_id IS 'Execution of the call';
COMMENT ON COLUMN main.attempts.name IS 'Name of the call';
COMMENT ON COLUMN main.attempts.attempt IS 'Number of the attempt, from 1';
COMMENT ON COLUMN main.attempts.status IS 'running, completed, failed, interrupted or cancelled';
COMMENT ON COLUMN main.attempts.started_at IS 'When the attempt began';
COMMENT ON COLUMN main.attempts.ended_at IS 'When it ended';
COMMENT ON COLUMN main.attempts.duration_s IS 'Seconds that it took';
COMMENT ON COLUMN main.attempts.failure_type IS 'Type of the exception';
COMMENT ON COLUMN main.attempts.failure_message IS 'Message of the exception';
COMMENT ON COLUMN main.attempts.retry_in_s IS 'Seconds of pause before the next attempt';

CREATE OR REPLACE VIEW main.waits AS SELECT
    exec_id,
    name,
    status,
    question,
    schema AS schema,
    value AS answer,
    "by" AS answered_by,
    source,
    to_timestamp(created_at) AS created_at,
    to_timestamp(ended_at) AS ended_at,
    ended_at - created_at AS waited_s,
    to_timestamp(deadline) AS deadline,
    "default" AS default_answer,
    metadata
FROM internal.all_waits;
COMMENT ON VIEW main.waits IS 'One row for each question to a human or another system.';
COMMENT ON COLUMN main.waits.exec_id IS 'Execution that asked';
COMMENT ON COLUMN main.waits.name IS 'Name of the wait inside its execution';
COMMENT ON COLUMN main.waits.status IS 'pending, answered or aborted';
COMMENT ON COLUMN main.waits.question IS 'What was asked';
COMMENT ON COLUMN main.waits.schema IS 'JSON schema of a valid answer; null for a plain go-ahead';
COMMENT ON COLUMN main.waits.answer IS 'The answer as JSON';
COMMENT ON COLUMN main.waits.answered_by IS 'Who answered or aborted';
COMMENT ON COLUMN main.waits.source IS 'input, deadline or replay';
COMMENT ON COLUMN main.waits.created_at IS 'When it was asked';
COMMENT ON COLUMN main.waits.ended_at IS 'When it was answered or aborted';
COMMENT ON COLUMN main.waits.waited_s IS 'Seconds until the answer';
COMMENT ON COLUMN main.waits.deadline IS 'When the default is taken for an answer';
COMMENT ON COLUMN main.waits.default_answer IS 'The answer that the deadline gives';
COMMENT ON COLUMN main.waits.metadata IS 'Metadata of the question';

CREATE OR REPLACE VIEW main.artifacts AS SELECT
    artifact_id,
    exec_id,
    call,
    name,
    kind,
    save_type,
    value->>'$.type' AS type,
    value->>'$.codec' AS codec,
    (value->>'$.size')::BIGINT AS bytes,
    value->>'$.digest' AS digest,
    internal.preview(value) AS preview,
    tags,
    to_timestamp("at") AS created_at
FROM internal.all_artifacts;
COMMENT ON VIEW main.artifacts IS 'Outputs of calls, and values that were saved by hand.';
COMMENT ON COLUMN main.artifacts.artifact_id IS 'Id of the artifact';
COMMENT ON COLUMN main.artifacts.exec_id IS 'Execution that made it';
COMMENT ON COLUMN main.artifacts.call IS 'Call that made it; null if the flow''s own body did';
COMMENT ON COLUMN main.artifacts.name IS 'Name given to save(), or output';
COMMENT ON COLUMN main.artifacts.kind IS 'Kind of value: output, prompt, response, context, input or blob';
COMMENT ON COLUMN main.artifacts.save_type IS 'output for a call''s result, manual for save()';
COMMENT ON COLUMN main.artifacts.type IS 'Type of the value';
COMMENT ON COLUMN main.artifacts.codec IS 'How the value is encoded';
COMMENT ON COLUMN main.artifacts.bytes IS 'Size of the encoded value';
COMMENT ON COLUMN main.artifacts.digest IS 'SHA-256 of the encoded value';
COMMENT ON COLUMN main.artifacts.preview IS 'Preview of the value';
COMMENT ON COLUMN main.artifacts.tags IS 'Tags given to save()';
COMMENT ON COLUMN main.artifacts.created_at IS 'When it was made';

CREATE OR REPLACE VIEW main.events AS SELECT
    position,
    exec_id,
    kind,
    to_timestamp("at") AS "at",
    call,
    attempt,
    epoch,
    body
FROM internal.all_events;
COMMENT ON VIEW main.events IS 'What happened, in order: the events of the journal without captured output.';
COMMENT ON COLUMN main.events.position IS 'Place in the journal; decides what came before what';
COMMENT ON COLUMN main.events.exec_id IS 'Execution that it belongs to; empty for snapshots and purges';
COMMENT ON COLUMN main.events.kind IS 'Kind of event, for example wait.created';
COMMENT ON COLUMN main.events."at" IS 'When it happened, by the clock of whoever reported it';
COMMENT ON COLUMN main.events.call IS 'Call that it belongs to';
COMMENT ON COLUMN main.events.attempt IS 'Attempt that it belongs to';
COMMENT ON COLUMN main.events.epoch IS 'Claim of the runner that reported it';
COMMENT ON COLUMN main.events.body IS 'What the event says';

CREATE OR REPLACE VIEW main.logs AS SELECT
    exec_id,
    call,
    attempt,
    to_timestamp("at") AS "at",
    stream,
    level,
    text,
    logger,
    file,
    file_line AS line,
    position
FROM internal.logs;
COMMENT ON VIEW main.logs IS 'Captured output and log records, one row a line.';
COMMENT ON COLUMN main.logs.exec_id IS 'Execution that wrote it';
COMMENT ON COLUMN main.logs.call IS 'Call that wrote it; null for the flow''s own body';
COMMENT ON COLUMN main.logs.attempt IS 'Attempt that wrote it';
COMMENT ON COLUMN main.logs."at" IS 'When it was written';
COMMENT ON COLUMN main.logs.stream IS 'stdout, stderr or logging';
COMMENT ON COLUMN main.logs.level IS 'Level of a log record';
COMMENT ON COLUMN main.logs.text IS 'The line';
COMMENT ON COLUMN main.logs.logger IS 'Name of the logger';
COMMENT ON COLUMN main.logs.file IS 'File that logged';
COMMENT ON COLUMN main.logs.line IS 'Line of that file';
COMMENT ON COLUMN main.logs.position IS 'Place in the journal';

CREATE OR REPLACE VIEW main.llm_calls AS SELECT
    exec_id,
    call,
    name,
    to_timestamp("at") AS "at",
    resolved_model AS model,
    requested_model,
    alias,
    provider,
    status,
    input_tokens,
    output_tokens,
    total_tokens AS tokens,
    cached_input_tokens,
    reasoning_tokens,
    cost_usd,
    cost_source,
    latency_ms,
    internal.preview(prompt) AS prompt,
    internal.preview(response) AS response,
    warnings
FROM internal.llm_calls;
COMMENT ON VIEW main.llm_calls IS 'One row for each call of a language model.';
COMMENT ON COLUMN main.llm_calls.exec_id IS 'Execution that made it';
COMMENT ON COLUMN main.llm_calls.call IS 'Checkpoint call that made it';
COMMENT ON COLUMN main.llm_calls.name IS 'Name of the model call';
COMMENT ON COLUMN main.llm_calls."at" IS 'When it was made';
COMMENT ON COLUMN main.llm_calls.model IS 'Model that answered';
COMMENT ON COLUMN main.llm_calls.requested_model IS 'Model or alias that was asked for';
COMMENT ON COLUMN main.llm_calls.alias IS 'Alias that named the model';
COMMENT ON COLUMN main.llm_calls.provider IS 'Provider of the model';
COMMENT ON COLUMN main.llm_calls.status IS 'completed, failed or interrupted';
COMMENT ON COLUMN main.llm_calls.input_tokens IS 'Tokens sent';
COMMENT ON COLUMN main.llm_calls.output_tokens IS 'Tokens received';
COMMENT ON COLUMN main.llm_calls.tokens IS 'Tokens in and out';
COMMENT ON COLUMN main.llm_calls.cached_input_tokens IS 'Tokens sent that the provider had cached';
COMMENT ON COLUMN main.llm_calls.reasoning_tokens IS 'Tokens that the model spent on reasoning';
COMMENT ON COLUMN main.llm_calls.cost_usd IS 'Cost in US dollars; null where no price is known';
COMMENT ON COLUMN main.llm_calls.cost_source IS 'Who says what it cost';
COMMENT ON COLUMN main.llm_calls.latency_ms IS 'Milliseconds until the answer';
COMMENT ON COLUMN main.llm_calls.prompt IS 'Preview of the prompt';
COMMENT ON COLUMN main.llm_calls.response IS 'Preview of the response';
COMMENT ON COLUMN main.llm_calls.warnings IS 'What could not be found out';

CREATE OR REPLACE VIEW main.snapshots AS SELECT
    snapshot_id,
    flow,
    to_timestamp("at") AS created_at,
    source,
    signature,
    versions,
    module,
    qualname,
    notes
FROM internal.snapshots;
COMMENT ON VIEW main.snapshots IS 'Frozen code of flows.';
COMMENT ON COLUMN main.snapshots.snapshot_id IS 'Id of the snapshot';
COMMENT ON COLUMN main.snapshots.flow IS 'Name of the flow';
COMMENT ON COLUMN main.snapshots.created_at IS 'When it was first recorded';
COMMENT ON COLUMN main.snapshots.source IS 'Source text';
COMMENT ON COLUMN main.snapshots.signature IS 'JSON schema of the parameters';
COMMENT ON COLUMN main.snapshots.versions IS 'Versions of Python and of packages';
COMMENT ON COLUMN main.snapshots.module IS 'Module of the flow function';
COMMENT ON COLUMN main.snapshots.qualname IS 'Qualified name of the flow function';
COMMENT ON COLUMN main.snapshots.notes IS 'What could not be frozen';

CREATE OR REPLACE VIEW main.deployments AS SELECT
    flow,
    version,
    (SELECT list(t.tag ORDER BY t.tag) FROM internal.deployment_tags t
     WHERE t.flow = d.flow AND t.version = d.version) AS tags,
    (SELECT list(t.tag ORDER BY t.tag) FROM internal.deployment_tags t
     WHERE t.flow = d.flow AND t.version = d.version AND t.exclusive) AS exclusive_tags,
    to_timestamp(created_at) AS created_at,
    created_by,
    to_timestamp(deleted_at) AS deleted_at,
    source,
    source_digest,
    commit_sha,
    commit_dirty,
    snapshot_id,
    parameters,
    requirements,
    python,
    kitaru,
    stack,
    script,
    script_note,
    notes
FROM internal.deployments d;
COMMENT ON VIEW main.deployments IS 'Versions of flows that are, or were, there to be invoked.';
COMMENT ON COLUMN main.deployments.flow IS 'Name of the flow';
COMMENT ON COLUMN main.deployments.version IS 'Number of the version, from 1; no number is given twice';
COMMENT ON COLUMN main.deployments.tags IS 'Tags of the version; null if it has none';
COMMENT ON COLUMN main.deployments.exclusive_tags IS 'Those of its tags that no other version can have';
COMMENT ON COLUMN main.deployments.created_at IS 'When it was deployed';
COMMENT ON COLUMN main.deployments.created_by IS 'Who deployed it';
COMMENT ON COLUMN main.deployments.deleted_at IS 'When it was deleted; null for those that can be invoked';
COMMENT ON COLUMN main.deployments.source IS 'Notebook or script that it was made from';
COMMENT ON COLUMN main.deployments.source_digest IS 'SHA-256 of that file';
COMMENT ON COLUMN main.deployments.commit_sha IS 'Commit of the git checkout that the file was in';
COMMENT ON COLUMN main.deployments.commit_dirty IS 'Whether the checkout had changes that were not committed';
COMMENT ON COLUMN main.deployments.snapshot_id IS 'Frozen code that its executions run';
COMMENT ON COLUMN main.deployments.parameters IS 'JSON schema of the inputs, with defaults';
COMMENT ON COLUMN main.deployments.requirements IS 'Distributions that it needs, with their versions';
COMMENT ON COLUMN main.deployments.python IS 'Version of Python that it was deployed with';
COMMENT ON COLUMN main.deployments.kitaru IS 'Version of Kitaru that it was deployed with';
COMMENT ON COLUMN main.deployments.stack IS 'Stack that its executions run on';
COMMENT ON COLUMN main.deployments.script IS 'Exported script';
COMMENT ON COLUMN main.deployments.script_note IS 'Why there is no script';
COMMENT ON COLUMN main.deployments.notes IS 'What could not be frozen, and what the export left out';

CREATE OR REPLACE VIEW main.schedules AS SELECT
    name,
    flow,
    version,
    tag,
    inputs,
    cron,
    every AS every_s,
    timezone,
    missed,
    paused,
    created_by,
    to_timestamp(created_at) AS created_at,
    to_timestamp(resumed_at) AS resumed_at,
    to_timestamp(last_due) AS last_due,
    last_exec_id,
    last_error
FROM internal.schedules;
COMMENT ON VIEW main.schedules IS 'Deployments that are invoked by the clock.';
COMMENT ON COLUMN main.schedules.name IS 'Name of the schedule';
COMMENT ON COLUMN main.schedules.flow IS 'Name of the flow';
COMMENT ON COLUMN main.schedules.version IS 'Version that is invoked; null where a tag says which';
COMMENT ON COLUMN main.schedules.tag IS 'Tag whose version is invoked; null for the version, or for the tag default';
COMMENT ON COLUMN main.schedules.inputs IS 'Arguments of the flow';
COMMENT ON COLUMN main.schedules.cron IS 'Cron expression; null where an interval is given';
COMMENT ON COLUMN main.schedules.every_s IS 'Seconds between runs; null where a cron expression is given';
COMMENT ON COLUMN main.schedules.timezone IS 'Time zone that the cron expression is meant in';
COMMENT ON COLUMN main.schedules.missed IS 'What becomes of runs that came due while no service ran: latest, all or skip';
COMMENT ON COLUMN main.schedules.paused IS 'Whether it rests';
COMMENT ON COLUMN main.schedules.created_by IS 'Who made it';
COMMENT ON COLUMN main.schedules.created_at IS 'When it was made';
COMMENT ON COLUMN main.schedules.resumed_at IS 'When it last went on after a rest';
COMMENT ON COLUMN main.schedules.last_due IS 'The last time that had come';
COMMENT ON COLUMN main.schedules.last_exec_id IS 'The last execution that it invoked';
COMMENT ON COLUMN main.schedules.last_error IS 'Why nothing was invoked the last time';

CREATE OR REPLACE VIEW main.jobs AS SELECT
    job_id,
    kind,
    status,
    target AS exec_id,
    nullif(exec_id, target) AS original_exec_id,
    attempts,
    worker,
    (runner->>'$.pid')::BIGINT AS pid,
    to_timestamp(created_at) AS created_at,
    to_timestamp(claimed_at) AS claimed_at,
    to_timestamp(ended_at) AS ended_at,
    claimed_at - created_at AS queued_s,
    interpreter,
    cwd,
    host,
    error->>'$.message' AS error,
    reason
FROM internal.all_jobs;
COMMENT ON VIEW main.jobs IS 'Work for workers: invocations, and executions that go on, are tried again or replayed.';
COMMENT ON COLUMN main.jobs.job_id IS 'Id of the job';
COMMENT ON COLUMN main.jobs.kind IS 'invoke, resume, retry or replay';
COMMENT ON COLUMN main.jobs.status IS 'queued, running, completed, failed, interrupted or cancelled; of the work, not of the execution';
COMMENT ON COLUMN main.jobs.exec_id IS 'Execution that it runs';
COMMENT ON COLUMN main.jobs.original_exec_id IS 'Of a replay, the execution that is replayed';
COMMENT ON COLUMN main.jobs.attempts IS 'How often a worker took it';
COMMENT ON COLUMN main.jobs.worker IS 'Worker that took it last';
COMMENT ON COLUMN main.jobs.pid IS 'Process that has it';
COMMENT ON COLUMN main.jobs.created_at IS 'When it was asked for';
COMMENT ON COLUMN main.jobs.claimed_at IS 'When a worker last took it';
COMMENT ON COLUMN main.jobs.ended_at IS 'When it ended';
COMMENT ON COLUMN main.jobs.queued_s IS 'Seconds until a worker last took it';
COMMENT ON COLUMN main.jobs.interpreter IS 'Python that it asks for; null for the worker''s own';
COMMENT ON COLUMN main.jobs.cwd IS 'Folder that it runs in';
COMMENT ON COLUMN main.jobs.host IS 'Machine whose workers may take it; null for any';
COMMENT ON COLUMN main.jobs.error IS 'Why it could not be done';
COMMENT ON COLUMN main.jobs.reason IS 'Why it was released or cancelled';
