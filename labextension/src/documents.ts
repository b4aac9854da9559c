// What the server takes and answers; kitaru/views/model.py and kitaru/jupyter/models.py describe the fields.
// Written by scripts/lab_types.py: `make reference` writes it again, `make check` compares.

export const MIME_TYPE = "application/vnd.kitaru.execution.v1+json";

export interface ArtifactView {
  artifact_id: string;
  exec_id: string;
  name: string;
  kind: string | null;
  saved: boolean;
  call: string | null;
  tags: Array<string>;
  created_at: number | null;
  value: ValueView;
  formats: Array<"raw" | "text" | "json" | "table" | "png">;
}

export interface AttemptView {
  attempt: number;
  status: string;
  started_at: number | null;
  ended_at: number | null;
  failure: FailureView | null;
  retry_in: number | null;
}

export interface CallDetail {
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
  exec_id: string;
  attempt_list: Array<AttemptView>;
  metadata: { [name: string]: unknown };
  parents: Array<string>;
  original_call: string | null;
  artifacts: Array<ArtifactView>;
  explanation: string | null;
}

export interface CallDiff {
  name: string;
  checkpoint: string;
  before: string | null;
  after: string | null;
  before_status: string | null;
  after_status: string | null;
  same: boolean;
  ran: boolean;
  why: string | null;
  inputs: Array<ValueChange>;
  output: ValueChange | null;
  duration_delta: number | null;
  token_delta: number | null;
  cost_delta: number | null;
}

export interface CallPage {
  items: Array<CallView>;
  total: number;
}

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

export interface Change {
  home: string;
  exec_id: string;
  flow: string | null;
  status: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "interrupted" | "deleted" | null;
  kind: string;
  kinds: Array<string>;
  call: string | null;
  calls: Array<string>;
  count: number;
  position: number;
  at: number;
  wait: string | null;
  progress: { [name: string]: ProgressView };
  texts: { [name: string]: string };
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

export interface DeploymentSummary {
  flow: string;
  version: number;
  tags: { [name: string]: boolean };
  about: string | null;
  created_at: number | null;
  created_by: string | null;
  source: string | null;
}

export interface DeploymentView {
  flow: string;
  version: number;
  tags: { [name: string]: boolean };
  about: string | null;
  created_at: number | null;
  created_by: string | null;
  source: string | null;
  json_schema: { [name: string]: unknown };
  script: string | null;
  script_note: string | null;
  requirements: Array<string>;
  notes: Array<string>;
  commit_sha: string | null;
  commit_dirty: boolean | null;
  python: string;
  kitaru: string;
  stack: string;
  snapshot_id: string;
  invoke_url: string;
  token: string;
}

export interface DiffView {
  before: ExecutionSummary;
  after: ExecutionSummary;
  inputs: Array<ValueChange>;
  output: ValueChange | null;
  calls: Array<CallDiff>;
  hidden: number;
  duration_delta: number | null;
  token_delta: number | null;
  cost_delta: number | null;
}

export interface Durations {
  avg: number | null;
  min: number | null;
  max: number | null;
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

export interface ExecutionPage {
  items: Array<ExecutionSummary>;
  total: number;
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
  deployment_version: number | null;
  invoked_by: string | null;
  invoked_via: string | null;
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
  deployment_version: number | null;
  invoked_by: string | null;
  invoked_via: string | null;
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

export interface Exported {
  path: string;
  flows: Array<string>;
  notes: Array<string>;
}

export interface Failure {
  message: string;
  reason: string;
  next?: string | null;
  places?: Array<Place>;
  by?: string | null;
  at?: number | null;
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

export interface HomeInfo {
  id: string;
  location: string;
  recorded: boolean;
}

export interface JsonContent {
  value: unknown;
}

export interface LanesView {
  lanes: Array<Array<SpanView>>;
  total: number;
  hidden: number;
}

export interface LogLine {
  at: number;
  text: string;
  level: string | null;
  source: string | null;
  call: string | null;
  attempt: number | null;
}

export interface NotebookFlows {
  flows: Array<string>;
  interpreter: string;
}

export interface ParameterView {
  of: string | null;
  name: string;
  annotation: string | null;
  required: boolean;
  default: ValueView | null;
  json_schema: { [name: string]: unknown } | null;
}

export interface Place {
  place: string;
  message: string;
}

export interface PlannedAnswer {
  name: string;
  action: string;
  why: string;
}

export interface PlannedCall {
  name: string;
  checkpoint: string;
  action: string;
  why: string;
}

export interface ProgressView {
  message: string | null;
  percent: number | null;
}

export interface Replayed {
  exec_id: string | null;
  original_exec_id: string;
  flow: string | null;
  at: string | null;
  calls: Array<PlannedCall>;
  questions: Array<PlannedAnswer>;
}

export interface ScheduleView {
  name: string;
  flow: string;
  version: number | null;
  tag: string | null;
  inputs: { [name: string]: unknown };
  cron: string | null;
  every: number | null;
  timezone: string;
  in_words: string;
  missed: string;
  paused: boolean;
  last_due: number | null;
  last_exec_id: string | null;
  last_error: string | null;
  next_runs: Array<number>;
}

export interface SpanView {
  start: number;
  end: number | null;
  status: string;
  calls: number;
  name: string;
}

export interface Started {
  exec_id: string;
}

export interface StatisticsGroup {
  keys: { [name: string]: unknown };
  count: number;
  failed: number;
  calls: number;
  reused: number;
  tokens: number | null;
  cost: number | null;
  duration: Durations;
}

export interface StatisticsView {
  groups: Array<StatisticsGroup>;
  truncated: boolean;
}

export interface StatusView {
  home: string;
  location: string;
  version: string;
  recorded: boolean;
  waiting: number | null;
  problem: Failure | null;
  root: string | null;
  homes: Array<HomeInfo>;
}

export interface StreamState {
  home: string;
  kind: "stream.ready" | "stream.gap" | "stream.away";
  exec_id: "";
  position: number;
  problem: Failure | null;
}

export interface TablePage {
  columns: Array<string>;
  dtypes: Array<string>;
  rows: Array<Array<unknown>>;
  offset: number;
  total: number;
  hidden_columns: number;
}

export interface TextPage {
  text: string;
  offset: number;
  more: boolean;
}

export interface TimesView {
  in_words: string;
  timezone: string;
  next_runs: Array<number>;
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

export interface ValueChange {
  name: string;
  before: ValueView | null;
  after: ValueView | null;
  text_diff: Array<string>;
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

export interface AnswerBody {
  value?: unknown;
}

export interface CallsQuery {
  home?: string | null;
  path?: string | null;
  checkpoint?: string | null;
  status?: Array<string> | null;
  first?: number | null;
  limit?: number;
  offset?: number;
}

export interface CancelBody {
  reason?: string | null;
}

export interface ContentQuery {
  home?: string | null;
  path?: string | null;
  format?: "raw" | "text" | "json" | "table" | "png";
  limit?: number;
  offset?: number;
}

export interface DeployBody {
  flow: string;
  tags?: Array<string>;
  exclusive?: boolean;
}

export interface DeploymentsQuery {
  home?: string | null;
  path?: string | null;
  flow?: string | null;
}

export interface DiffQuery {
  home?: string | null;
  path?: string | null;
  with: string;
}

export interface EventsQuery {
  home?: string | null;
  path?: string | null;
  after?: number | null;
}

export interface ExecutionsQuery {
  home?: string | null;
  path?: string | null;
  flow?: string | null;
  status?: Array<string> | null;
  notebook?: string | null;
  text?: string | null;
  tag?: Array<string> | null;
  original?: string | null;
  parent?: string | null;
  version?: number | null;
  since?: string | null;
  until?: string | null;
  order?: string;
  limit?: number;
  offset?: number;
}

export interface ExportBody {
  flows?: Array<string>;
  force?: boolean;
}

export interface HomeQuery {
  home?: string | null;
  path?: string | null;
}

export interface InvokeBody {
  inputs?: { [name: string]: unknown };
  idempotency_key?: string | null;
}

export interface LanesQuery {
  home?: string | null;
  path?: string | null;
  checkpoint?: string | null;
  first?: number | null;
  count?: number | null;
  since?: number | null;
  until?: number | null;
}

export interface LogsQuery {
  home?: string | null;
  path?: string | null;
  call?: string | null;
  limit?: number;
  tail?: boolean;
}

export interface NotebookQuery {
  home?: string | null;
  path: string;
}

export interface NothingBody {
}

export interface ReplayBody {
  at?: string | null;
  flow_overrides?: { [name: string]: unknown };
  checkpoint_overrides?: { [name: string]: { [name: string]: unknown } };
  invocation_overrides?: { [name: string]: { [name: string]: unknown } };
  answers?: { [name: string]: unknown };
  cache?: boolean | null;
  dry_run?: boolean;
}

export interface ScheduleBody {
  name: string;
  flow: string;
  version?: number | null;
  tag?: string | null;
  cron?: string | null;
  every?: number | null;
  timezone?: string | null;
  inputs?: { [name: string]: unknown };
  missed?: "latest" | "all" | "skip";
}

export interface StatisticsQuery {
  home?: string | null;
  path?: string | null;
  group_by?: Array<string> | null;
  flow?: string | null;
  status?: Array<string> | null;
  tag?: Array<string> | null;
  since?: string | null;
  until?: string | null;
  limit?: number;
}

export interface TagBody {
  tag: string;
  exclusive?: boolean;
}

export interface TimesQuery {
  home?: string | null;
  path?: string | null;
  cron?: string | null;
  every?: number | null;
  timezone?: string | null;
}

export type Row = CallView | GroupView | ChildView | WaitView;
