CREATE TABLE internal.schedules (
    name VARCHAR, flow VARCHAR, version BIGINT, tag VARCHAR, inputs JSON, cron VARCHAR, every DOUBLE, timezone VARCHAR,
    missed VARCHAR, paused BOOLEAN, created_by VARCHAR, created_at DOUBLE, resumed_at DOUBLE, last_due DOUBLE,
    last_exec_id VARCHAR, last_error VARCHAR, position BIGINT
);
