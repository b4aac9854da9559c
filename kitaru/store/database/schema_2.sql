-- Deployments are few, so these two are the tables whose rows are changed where they are.

CREATE TABLE internal.deployments (
    flow VARCHAR, version BIGINT, script VARCHAR, script_note VARCHAR, snapshot_id VARCHAR, parameters JSON,
    requirements VARCHAR[], source VARCHAR, source_digest VARCHAR, commit_sha VARCHAR, commit_dirty BOOLEAN,
    python VARCHAR, kitaru VARCHAR, interpreter VARCHAR, cwd VARCHAR, import_path VARCHAR, stack VARCHAR,
    settings JSON, notes VARCHAR[], created_by VARCHAR, created_at DOUBLE, deleted_at DOUBLE, position BIGINT
);

CREATE TABLE internal.deployment_tags (flow VARCHAR, version BIGINT, tag VARCHAR, exclusive BOOLEAN);

-- The version of its flow that an execution was invoked by.
ALTER TABLE internal.executions ADD COLUMN deployment_version BIGINT;
ALTER TABLE internal.executions_open ADD COLUMN deployment_version BIGINT;
