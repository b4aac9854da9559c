import { gapOf } from '../components/gap';
import type {
  CallView,
  ChildView,
  ExecutionView,
  GroupView,
  WaitView
} from '../documents';

/**
 * A row of the timeline.
 */
export type TimelineRow = { key: string; level: number } & (
  | { kind: 'call'; call: CallView; owner: string }
  | { kind: 'group'; group: GroupView; owner: string; open: boolean }
  | { kind: 'child'; child: ChildView; open: boolean }
  | { kind: 'wait'; wait: WaitView }
  | {
      kind: 'hidden';
      hidden: number;
      calls: number;
      /** Of all calls, if some of them have no row yet. */
      failed: number;
      owner: string;
      open: boolean;
    }
  | { kind: 'lane'; lanes: string; index: number; owner: string }
  | {
      kind: 'each';
      pages: string;
      total: number;
      /** Whether it holds those alone that failed. */
      failed: boolean;
      open: boolean;
      owner: string;
    }
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
        failed: failedIn(view) < view.totals.failed ? view.totals.failed : 0,
        owner: view.exec_id,
        open: isOpen
      });
      if (isOpen) {
        const { calls: total, failed } = view.totals;
        const many = { owner: view.exec_id, level: 2, total, failed };
        addMany(found, HIDDEN, many, open, lanes);
      }
    }
  });
  return found;
}

function failedIn(view: ExecutionView): number {
  return view.rows.reduce(
    (sum, row) =>
      sum +
      (row.kind === 'group'
        ? row.failed
        : Number(row.kind === 'call' && row.status === 'failed')),
    0
  );
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
    const { total, failed } = row;
    addMany(
      found,
      key,
      { owner, level: level + 1, total, failed },
      open,
      lanes
    );
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

interface IMany {
  readonly owner: string;
  readonly level: number;
  readonly total: number;
  readonly failed: number;
}

/**
 * Few calls are a row each. Many are lanes, below which each can have a row too; those that failed come first.
 */
function addMany(
  found: TimelineRow[],
  key: string,
  many: IMany,
  open: ReadonlySet<string>,
  lanes: LaneCounts
): void {
  const { owner, level, total, failed } = many;
  if (total <= MOST_ALONE) {
    addPaged(found, key, many);
    return;
  }
  const worst = { owner, level, total: failed };
  if (failed > MOST_ALONE) {
    addEach(found, failedKey(key), worst, open, true);
  } else {
    addPaged(found, failedKey(key), worst);
  }
  for (let index = 0; index < lanes(key); index += 1) {
    const lane = `${key} lane ${index}`;
    found.push({ kind: 'lane', key: lane, level, lanes: key, index, owner });
  }
  addEach(found, key, many, open, false);
}

/**
 * A row that opens to one for each call.
 */
function addEach(
  found: TimelineRow[],
  pages: string,
  some: Omit<IMany, 'failed'>,
  open: ReadonlySet<string>,
  failed: boolean
): void {
  const key = eachKey(pages);
  const isOpen = open.has(key);
  const { owner, level, total } = some;
  found.push({
    kind: 'each',
    key,
    level,
    pages,
    total,
    failed,
    open: isOpen,
    owner
  });
  if (isOpen) {
    addPaged(found, pages, { owner, level: level + 1, total });
  }
}

function addPaged(
  found: TimelineRow[],
  pages: string,
  { owner, level, total }: Omit<IMany, 'failed'>
): void {
  for (let index = 0; index < total; index += 1) {
    const key = `${pages} ${index}`;
    found.push({ kind: 'paged', key, level, pages, index, owner });
  }
}

function eachKey(pages: string): string {
  return `${pages} each`;
}

/** Key of the pages of a row's calls that failed. */
export function failedKey(key: string): string {
  return `${key} failed`;
}

/**
 * How many calls failed of which a row stands for many.
 */
export function failedOf(row: TimelineRow | undefined): number {
  switch (row?.kind) {
    case 'group':
      return row.group.failed;
    case 'hidden':
      return row.failed;
    default:
      return 0;
  }
}

/**
 * What is to be unfolded for the calls of a row that failed to be seen.
 */
export function toFailed(row: TimelineRow): string[] {
  return [row.key, eachKey(failedKey(row.key))];
}

/**
 * Whether a row is one of the calls of another that failed, or of all its calls.
 */
export function isWithin(row: TimelineRow, key: string): boolean {
  return (
    row.kind === 'paged' && (row.pages === key || row.pages === failedKey(key))
  );
}
