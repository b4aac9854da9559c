import { gapOf } from '../components/gap';
import type {
  CallView,
  ChildView,
  ExecutionView,
  GroupView,
  WaitView
} from '../documents';
import type { AnyStatus } from '../icons';

/**
 * A part of the time that the timeline shows, in seconds since the epoch.
 */
export interface ISpan {
  readonly from: number;
  readonly to: number;
}

/**
 * A row of the timeline.
 */
export type TimelineRow = { key: string; level: number } & (
  | { kind: 'call'; call: CallView; owner: string }
  | { kind: 'group'; group: GroupView; owner: string; open: boolean }
  | { kind: 'child'; child: ChildView; open: boolean }
  | { kind: 'wait'; wait: WaitView }
  | { kind: 'hidden'; hidden: number; calls: number; open: boolean }
  | { kind: 'lane'; lanes: string; index: number; owner: string }
  | { kind: 'each'; pages: string; total: number; open: boolean; owner: string }
  | { kind: 'paged'; pages: string; index: number; owner: string }
);

/**
 * How many lanes an unfolded row has, by its key.
 */
export type LaneCounts = (key: string) => number;

/** Key of the row that stands for what the document leaves out. */
export const HIDDEN = 'hidden';

/** Of more calls than this an unfolded row shows lanes, and each call in a row only when that is asked for. */
export const MOST_ALONE = 20;

/**
 * The rows of a timeline in their order, what is unfolded included.
 */
export function rowsOf(
  view: ExecutionView,
  open: ReadonlySet<string>,
  lanes: LaneCounts
): TimelineRow[] {
  const found: TimelineRow[] = [];
  const gap = view.hidden > 0 ? gapOf(view.rows) : -1;
  view.rows.forEach((row, index) => {
    if (row.kind === 'wait') {
      found.push({
        kind: 'wait',
        key: `wait ${row.name}`,
        level: 1,
        wait: row
      });
    } else if (row.kind === 'child') {
      addChild(found, row, open, lanes);
    } else {
      addCalls(found, row, view.exec_id, 1, open, lanes);
    }
    if (index === gap) {
      const isOpen = open.has(HIDDEN);
      found.push({
        kind: 'hidden',
        key: HIDDEN,
        level: 1,
        hidden: view.hidden,
        calls: view.totals.calls,
        open: isOpen
      });
      if (isOpen) {
        addMany(found, HIDDEN, view.exec_id, 2, view.totals.calls, open, lanes);
      }
    }
  });
  return found;
}

function addCalls(
  found: TimelineRow[],
  row: CallView | GroupView,
  owner: string,
  level: number,
  open: ReadonlySet<string>,
  lanes: LaneCounts
): void {
  if (row.kind === 'call') {
    const key = `call ${owner} ${row.name}`;
    found.push({ kind: 'call', key, level, call: row, owner });
    return;
  }
  const key = groupKey(owner, row);
  const isOpen = open.has(key);
  found.push({ kind: 'group', key, level, group: row, owner, open: isOpen });
  if (isOpen) {
    addMany(found, key, owner, level + 1, row.total, open, lanes);
  }
}

export function groupKey(owner: string, group: GroupView): string {
  return `group ${owner} ${group.checkpoint} ${group.sequence}`;
}

function addChild(
  found: TimelineRow[],
  child: ChildView,
  open: ReadonlySet<string>,
  lanes: LaneCounts
): void {
  const key = `child ${child.exec_id}`;
  const isOpen = open.has(key);
  found.push({ kind: 'child', key, level: 1, child, open: isOpen });
  if (isOpen) {
    for (const row of child.rows) {
      addCalls(found, row, child.exec_id, 2, open, lanes);
    }
  }
}

/**
 * Few calls are a row each. Many are lanes, below which each can have a row too.
 */
function addMany(
  found: TimelineRow[],
  key: string,
  owner: string,
  level: number,
  total: number,
  open: ReadonlySet<string>,
  lanes: LaneCounts
): void {
  if (total <= MOST_ALONE) {
    addPaged(found, key, owner, level, total);
    return;
  }
  for (let index = 0; index < lanes(key); index += 1) {
    found.push({
      kind: 'lane',
      key: `${key} lane ${index}`,
      level,
      lanes: key,
      index,
      owner
    });
  }
  const each = `${key} each`;
  const isOpen = open.has(each);
  found.push({
    kind: 'each',
    key: each,
    level,
    pages: key,
    total,
    open: isOpen,
    owner
  });
  if (isOpen) {
    addPaged(found, key, owner, level + 1, total);
  }
}

function addPaged(
  found: TimelineRow[],
  pages: string,
  owner: string,
  level: number,
  total: number
): void {
  for (let index = 0; index < total; index += 1) {
    const key = `${pages} ${index}`;
    found.push({ kind: 'paged', key, level, pages, index, owner });
  }
}

/**
 * A bar of the timeline: something that took time.
 */
export interface IBar {
  readonly from: number;
  /** Null while it goes on. */
  readonly to: number | null;
  readonly status: AnyStatus;
}

/**
 * The bars of a row; attempts of one call come one after the other.
 */
export function barsOf(row: TimelineRow): IBar[] {
  switch (row.kind) {
    case 'call':
      return bar(row.call.started_at, row.call.ended_at, row.call.status);
    case 'child':
      return bar(row.child.started_at, row.child.ended_at, row.child.status);
    case 'group':
      return bar(
        row.group.started_at,
        row.group.running > 0 ? null : row.group.ended_at,
        groupStatus(row.group)
      );
    case 'wait': {
      const { asked_at: asked, ended_at: ended, status } = row.wait;
      return bar(asked, ended, status === 'pending' ? 'waiting' : 'pending');
    }
    default:
      return [];
  }
}

function bar(
  from: number | null,
  to: number | null,
  status: AnyStatus
): IBar[] {
  return from === null ? [] : [{ from, to, status }];
}

export function groupStatus(group: GroupView): AnyStatus {
  if (group.running > 0) {
    return 'running';
  }
  if (group.failed > 0) {
    return 'failed';
  }
  if (group.reused === group.total) {
    return 'reused';
  }
  return group.completed + group.reused < group.total
    ? 'interrupted'
    : 'completed';
}

/**
 * The whole time of an execution, never empty.
 */
export function spanOf(view: ExecutionView, now: number): ISpan {
  const times = view.rows.flatMap(row =>
    row.kind === 'wait'
      ? [row.asked_at, row.ended_at]
      : [row.started_at, row.ended_at]
  );
  const known = [view.started_at, view.ended_at, ...times].filter(
    time => time !== null
  );
  const goesOn = view.status === 'running' || view.status === 'waiting';
  const from = Math.min(...known, now);
  const to = Math.max(...known, ...(goesOn ? [now] : []), from);
  return { from, to: Math.max(to, from + 0.001) };
}

/**
 * Where a time lies in what is in sight: 0 at its beginning, 1 at its end.
 */
export function share(time: number, span: ISpan): number {
  return (time - span.from) / (span.to - span.from);
}

/**
 * Place a bar; null if it is out of sight.
 */
export function placed(
  from: number,
  to: number,
  span: ISpan
): { left: string; width: string } | null {
  const [start, end] = [share(from, span), share(to, span)];
  if (end < 0 || start > 1) {
    return null;
  }
  const left = Math.max(0, start);
  const width = Math.min(1, Math.max(end, left)) - left;
  return { left: `${100 * left}%`, width: `${100 * width}%` };
}

/**
 * A part of the time with some room around it.
 */
export function around(from: number, to: number, whole: ISpan): ISpan {
  const length = Math.min(
    whole.to - whole.from,
    Math.max(1e-4, (to - from) * 1.2)
  );
  return within((from + to - length) / 2, length, whole);
}

/**
 * Zoom by a factor around a moment; never out of the whole, never closer than a tenth of a millisecond.
 */
export function zoomed(
  span: ISpan,
  whole: ISpan,
  factor: number,
  at: number
): ISpan | null {
  const length = Math.max(1e-4, (span.to - span.from) * factor);
  if (length >= whole.to - whole.from) {
    return null;
  }
  const share = (at - span.from) / (span.to - span.from);
  return within(at - share * length, length, whole);
}

/**
 * The same length, moved by a share of it.
 */
export function moved(span: ISpan, whole: ISpan, share: number): ISpan {
  const length = span.to - span.from;
  return within(span.from + share * length, length, whole);
}

function within(from: number, length: number, whole: ISpan): ISpan {
  const start = Math.max(whole.from, Math.min(whole.to - length, from));
  return { from: start, to: start + length };
}

/**
 * Round times for the axis, in seconds since `whole` began.
 */
export function ticksOf(span: ISpan, start: number, most: number): number[] {
  const length = span.to - span.from;
  const step = stepOf(length / Math.max(1, most));
  const first = Math.ceil((span.from - start) / step);
  const ticks: number[] = [];
  for (
    let index = first;
    index * step <= span.to - start + step * 1e-6;
    index += 1
  ) {
    ticks.push(index * step);
  }
  return ticks;
}

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
  43_200, 86_400
];

function stepOf(least: number): number {
  if (least <= 1) {
    const power = 10 ** Math.floor(Math.log10(least));
    return ([1, 2, 5, 10].find(one => one * power >= least) ?? 10) * power;
  }
  const day = 86_400;
  return STEPS.find(step => step >= least) ?? Math.ceil(least / day) * day;
}

/**
 * A time on the axis: `0`, `5 ms`, `1.5 s`, `2:30`, `1:02:00`.
 */
export function tickText(seconds: number, step: number): string {
  const shown = Math.abs(seconds) < 1e-9 ? 0 : seconds;
  if (shown === 0) {
    return '0';
  }
  if (shown < 60) {
    return step < 0.9995
      ? shown < 1
        ? `${Number((shown * 1000).toPrecision(6))} ms`
        : `${Number(shown.toPrecision(6))} s`
      : `${Math.round(shown)} s`;
  }
  const whole = Math.floor(shown + 1e-6);
  const two = (value: number): string => String(value).padStart(2, '0');
  const part = shown - whole > 1e-6 ? (shown - whole).toFixed(3).slice(1) : '';
  const minutes = Math.floor(whole / 60);
  const rest = `${two(whole % 60)}${part}`;
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
