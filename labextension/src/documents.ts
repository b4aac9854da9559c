// The documents that the server answers; kitaru/views/model.py describes their fields.
// Written by scripts/lab_types.py: `make reference` writes it again, `make check` compares.

export const MIME_TYPE = "application/vnd.kitaru.execution.v1+json";

export interface CallView {
  kind: "call";
  name: string;
  checkpoint: string;
  type: string | null;
  status: "pending" | "running" | "completed" | "failed" | "reused" | "interrupted" | "cancelled";
  sequence: number;
  attempts: number;
  started_at: number | null;
  ended_at: number | null;
  duration: number | null;
  reused: string | null;
  why: string | null;
  concurrent: boolean;
  tokens: number | null;
  cost: number | null;
  inputs: { [name: string]: ValueView };
  output: ValueView | null;
  failure: FailureView | null;
  progress: ProgressView | null;
  stream: string | null;
}

export interface ChildView {
  kind: "child";
  exec_id: string;
  flow: string;
  status: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "interrupted";
  sequence: number;
  call: string | null;
  started_at: number | null;
  ended_at: number | null;
  calls: number;
  rows: Array<CallView | GroupView>;
}

export interface ExecutionSummary {
  exec_id: string;
  flow: string;
  status: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "interrupted";
  created_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  notebook: string | null;
  tags: Array<string>;
  waiting_for: Array<string>;
  failure: string | null;
  original_exec_id: string | null;
  parent_exec_id: string | null;
  totals: Totals;
}

export interface ExecutionView {
  version: 1;
  home: string | null;
  exec_id: string;
  flow: string;
  status: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "interrupted";
  reason: string | null;
  created_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  at: number;
  position: number;
  notebook: string | null;
  stack: string | null;
  snapshot_id: string | null;
  tags: Array<string>;
  original_exec_id: string | null;
  parent_exec_id: string | null;
  totals: Totals;
  inputs: { [name: string]: ValueView };
  output: ValueView | null;
  failure: FailureView | null;
  failed_call: string | null;
  waits: Array<WaitView>;
  rows: Array<CallView | GroupView | ChildView | WaitView>;
  hidden: number;
  logs: Array<LogLine>;
}

export interface FailureView {
  message: string;
  type: string | null;
  traceback: string;
  origin: string;
}

export interface GroupView {
  kind: "group";
  checkpoint: string;
  type: string | null;
  sequence: number;
  total: number;
  completed: number;
  running: number;
  failed: number;
  reused: number;
  started_at: number | null;
  ended_at: number | null;
  duration: number | null;
  tokens: number | null;
  cost: number | null;
  calls: Array<CallView>;
}

export interface LogLine {
  at: number;
  text: string;
  level: string | null;
  source: string | null;
  call: string | null;
  attempt: number | null;
}

export interface ProgressView {
  message: string | null;
  percent: number | null;
}

export interface Totals {
  calls: number;
  completed: number;
  running: number;
  failed: number;
  reused: number;
  tokens: number | null;
  cost: number | null;
}

export interface ValueView {
  text: string;
  type: string | null;
  size: number | null;
  preview: { [name: string]: unknown };
  artifact_id: string | null;
}

export interface WaitView {
  kind: "wait";
  exec_id: string;
  flow: string;
  name: string;
  status: "pending" | "answered" | "aborted" | "expired";
  question: string | null;
  json_schema: { [name: string]: unknown } | null;
  asked_at: number | null;
  deadline: number | null;
  default: unknown;
  sequence: number;
  answer: string | null;
  answered_by: string | null;
  ended_at: number | null;
}

export type Row = CallView | GroupView | ChildView | WaitView;
