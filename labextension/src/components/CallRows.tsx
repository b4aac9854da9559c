import * as React from 'react';

import type { ExecutionView } from '../documents';
import { CallRow } from './CallRow';
import { ChildRow } from './ChildRow';
import { useEnvironment } from './context';
import { count } from './format';
import { GroupRow } from './GroupRow';
import { gapOf } from './gap';
import { AnsweredWait } from './AnsweredWait';
import { PagedCalls } from './PagedCalls';

type Row = ExecutionView['rows'][number];

/**
 * The rows of an execution: calls, folded calls, child executions and answered questions, in their order.
 */
export function CallRows({
  view
}: {
  view: ExecutionView;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  const rows = view.rows.filter(
    row => row.kind !== 'wait' || row.status !== 'pending'
  );
  if (rows.length === 0) {
    return null;
  }
  const gap = view.hidden > 0 ? gapOf(rows) : -1;
  return (
    <ol className="jp-kitaru-rows" aria-label={trans.__('Calls')}>
      {rows.map((row, index) => (
        <React.Fragment key={keyOf(row)}>
          <AnyRow row={row} />
          {index === gap && (
            <Hidden rows={view.hidden} total={view.totals.calls} />
          )}
        </React.Fragment>
      ))}
    </ol>
  );
}

export function AnyRow({ row }: { row: Row }): React.JSX.Element {
  switch (row.kind) {
    case 'call':
      return <CallRow call={row} />;
    case 'group':
      return <GroupRow group={row} />;
    case 'child':
      return <ChildRow child={row} />;
    case 'wait':
      return <AnsweredWait wait={row} />;
  }
}

export function keyOf(row: Row): string {
  switch (row.kind) {
    case 'call':
      return `call ${row.name}`;
    case 'group':
      return `group ${row.checkpoint} ${row.sequence}`;
    case 'child':
      return `child ${row.exec_id}`;
    case 'wait':
      return `wait ${row.name}`;
  }
}

function Hidden(props: { rows: number; total: number }): React.JSX.Element {
  const { trans, live } = useEnvironment();
  const [open, setOpen] = React.useState(false);
  const text = trans._n(
    '%2 row is left out',
    '%2 rows are left out',
    props.rows,
    count(props.rows)
  );
  return (
    <li className="jp-kitaru-hidden">
      {live ? (
        <>
          <button
            className="jp-kitaru-link"
            aria-expanded={open}
            onClick={() => {
              setOpen(!open);
            }}
          >
            {open
              ? trans.__('Hide the list of all calls')
              : trans.__('%1: show all %2 calls', text, count(props.total))}
          </button>
          {open && <PagedCalls total={props.total} />}
        </>
      ) : (
        text
      )}
    </li>
  );
}
