import type { GroupView } from '../documents';
import type { AnyStatus } from '../icons';
import type { TimelineRow } from './rows';

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
