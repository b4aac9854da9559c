import type { TranslationBundle } from '@jupyterlab/translation';

import { count, duration, elapsed, statusText } from '../components/format';
import type { CallView } from '../documents';
import type { AnyStatus } from '../icons';
import { groupStatus } from './bars';
import { failedOf, type TimelineRow } from './rows';

/**
 * What a row is called; the call of a page may not be known yet.
 */
export function nameOf(
  row: TimelineRow,
  call: CallView | undefined,
  trans: TranslationBundle
): string {
  switch (row.kind) {
    case 'group':
      return trans.__('%1 × %2', row.group.checkpoint, count(row.group.total));
    case 'child':
      return row.child.flow;
    case 'wait':
      return row.wait.question ?? row.wait.name;
    case 'hidden':
      return trans._n(
        '%1 row is left out: show all calls',
        '%1 rows are left out: show all calls',
        row.hidden,
        count(row.hidden)
      );
    case 'lane':
      return trans.__('Lane %1', row.index + 1);
    case 'each':
      return row.failed
        ? trans.__('%1 failed calls, one by one', count(row.total))
        : trans.__('%1 calls, one by one', count(row.total));
    default:
      return call?.name ?? '…';
  }
}

/**
 * How many of a row's calls failed; null if none did.
 */
export function failedText(
  row: TimelineRow,
  trans: TranslationBundle
): string | null {
  const failed = failedOf(row);
  return failed === 0 ? null : trans.__('%1 failed', count(failed));
}

export function rowStatus(
  row: TimelineRow,
  call: CallView | undefined
): AnyStatus {
  switch (row.kind) {
    case 'group':
      return groupStatus(row.group);
    case 'child':
      return row.child.status;
    case 'wait':
      return row.wait.status === 'pending'
        ? 'waiting'
        : row.wait.status === 'answered'
          ? 'completed'
          : 'cancelled';
    default:
      return call?.status ?? 'pending';
  }
}

/**
 * The seconds that a row took, or takes by now; null before it began.
 */
export function tookOf(
  row: TimelineRow,
  call: CallView | undefined,
  now: number
): number | null {
  switch (row.kind) {
    case 'group':
      return row.group.duration;
    case 'child':
      return elapsed(row.child, now);
    case 'wait':
      return row.wait.asked_at === null
        ? null
        : (row.wait.ended_at ?? now) - row.wait.asked_at;
    default:
      return call
        ? (call.duration ??
            (call.status === 'running' ? elapsed(call, now) : null))
        : null;
  }
}

/**
 * A row for those who hear it.
 */
export function spoken(
  row: TimelineRow,
  call: CallView | undefined,
  now: number,
  trans: TranslationBundle
): string {
  const took = tookOf(row, call, now);
  return [
    nameOf(row, call, trans),
    ['hidden', 'lane', 'each'].includes(row.kind)
      ? null
      : statusText(trans, rowStatus(row, call)),
    took === null ? null : duration(took),
    failedText(row, trans)
  ]
    .filter(part => part !== null)
    .join(', ');
}
