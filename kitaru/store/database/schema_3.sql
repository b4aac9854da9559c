CREATE TABLE internal.jobs (
    job_id VARCHAR, exec_id VARCHAR, kind VARCHAR, target VARCHAR, epoch BIGINT, status VARCHAR, "after" DOUBLE,
    interpreter VARCHAR, cwd VARCHAR, host VARCHAR, changes JSON, requirements VARCHAR, attempts BIGINT,
    runner JSON, worker VARCHAR, error JSON, reason VARCHAR, created_at DOUBLE, claimed_at DOUBLE, ended_at DOUBLE, first_position BIGINT,
    position BIGINT
);
CREATE TABLE internal.jobs_open AS FROM internal.jobs WITH NO DATA;
