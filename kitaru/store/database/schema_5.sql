-- Who invoked a deployment, and by which way.
ALTER TABLE internal.executions ADD COLUMN invoked_by VARCHAR;
ALTER TABLE internal.executions_open ADD COLUMN invoked_by VARCHAR;
ALTER TABLE internal.executions ADD COLUMN invoked_via VARCHAR;
ALTER TABLE internal.executions_open ADD COLUMN invoked_via VARCHAR;
