import * as React from 'react';

import type { IReveal } from '../components/VirtualTree';
import type { ExecutionView } from '../documents';
import type { Calls } from './calls';
import { isWithin, rowsOf, type TimelineRow } from './rows';

interface IRows {
  readonly rows: readonly TimelineRow[];
  fold(row: TimelineRow, open: boolean): void;
  unfold(keys: readonly string[]): void;
}

/**
 * The rows, by what is unfolded.
 */
export function useRows(view: ExecutionView, calls: Calls): IRows {
  const [opened, setOpened] = React.useState<ReadonlySet<string>>(new Set());
  const rows = React.useMemo(
    () => rowsOf(view, opened, key => calls.lanes.of(key)?.lanes.length ?? 0),
    [view, opened, calls.version]
  );
  return {
    rows,
    fold: (row, open) => {
      const next = new Set(opened);
      if (open) {
        next.add(row.key);
      } else {
        next.delete(row.key);
      }
      setOpened(next);
    },
    unfold: keys => {
      setOpened(new Set([...opened, ...keys]));
    }
  };
}

interface IFailed {
  readonly reveal: IReveal | null;
  /** Open the first of a row's calls that failed as soon as it is known. */
  seek(row: TimelineRow): void;
  giveUp(): void;
}

/**
 * Leads to the calls of a row that failed, whose rows are fetched only when they come into sight.
 */
export function useFailed(
  rows: readonly TimelineRow[],
  calls: Calls,
  choose: (row: TimelineRow) => void
): IFailed {
  const [sought, setSought] = React.useState<string | null>(null);
  const [reveal, setReveal] = React.useState<IReveal | null>(null);
  React.useEffect(() => {
    const index = rows.findIndex(
      row =>
        sought !== null &&
        isWithin(row, sought) &&
        calls.of(row)?.status === 'failed'
    );
    const found = rows[index];
    if (found) {
      setSought(null);
      setReveal({ index });
      choose(found);
    }
  }, [rows, sought]);
  return {
    reveal,
    seek: row => {
      setSought(row.key);
      setReveal({ index: rows.indexOf(row) });
    },
    giveUp: () => {
      setSought(null);
    }
  };
}
