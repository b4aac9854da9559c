-- The public SQL surface, and the unions that the named reads use. Times are TIMESTAMPTZ in UTC, durations are
-- seconds, costs are US dollars; inputs and outputs appear as previews, never as values.

CREATE OR REPLACE VIEW internal.all_executions AS
    FROM internal.executions UNION ALL FROM internal.executions_open;
CREATE OR REPLACE VIEW internal.all_calls AS
    FROM internal.calls UNION ALL FROM internal.calls_open;
CREATE OR REPLACE VIEW internal.all_waits AS
    FROM internal.waits UNION ALL FROM internal.waits_open;
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
