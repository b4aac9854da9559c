import type { ExecutionView } from '../documents';

/**
 * After which row some are left out: where the sequence jumps.
 */
export function gapOf(rows: ExecutionView['rows']): number {
  const found = rows.findIndex((row, index) => {
    const next = rows[index + 1];
    const size = row.kind === 'group' ? row.total : 1;
    return (
      next !== undefined &&
      next.kind !== 'wait' &&
      row.kind !== 'wait' &&
      next.sequence > row.sequence + size
    );
  });
  return found < 0 ? rows.length - 1 : found;
}
