import * as React from 'react';

import { useEnvironment } from '../components/context';
import {
  cost,
  count,
  duration,
  moment,
  statusText
} from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import type { DiffView, ExecutionSummary } from '../documents';
import { delta, wholeDuration } from './differences';

/**
 * Status, time and cost of two executions, and how much they differ.
 */
export function Figures({ diff }: { diff: DiffView }): React.JSX.Element {
  const { trans, open, live } = useEnvironment();
  const { before, after } = diff;
  const rows: [string, (one: ExecutionSummary) => React.ReactNode, string][] = [
    [
      trans.__('Status'),
      one => (
        <>
          <StatusIcon status={one.status} decorative />{' '}
          {statusText(trans, one.status)}
        </>
      ),
      ''
    ],
    [
      trans.__('Started'),
      one => (one.started_at === null ? '–' : moment(one.started_at)),
      ''
    ],
    [
      trans.__('Duration'),
      one =>
        one.started_at === null || one.ended_at === null
          ? '–'
          : duration(one.ended_at - one.started_at),
      delta(diff.duration_delta, wholeDuration)
    ],
    [
      trans.__('Cost'),
      one => (one.totals.cost === null ? '–' : cost(one.totals.cost)),
      delta(diff.cost_delta, cost)
    ],
    [
      trans.__('Tokens'),
      one => (one.totals.tokens === null ? '–' : count(one.totals.tokens)),
      delta(diff.token_delta, count)
    ]
  ];
  return (
    <table className="jp-kitaru-figures-table">
      <thead>
        <tr>
          <td />
          {[before, after].map(one => (
            <th key={one.exec_id} scope="col">
              {one.flow}{' '}
              <button
                className="jp-kitaru-id jp-kitaru-link"
                onClick={() => {
                  open?.({ execId: one.exec_id, home: live?.home ?? null });
                }}
              >
                {one.exec_id}
              </button>
            </th>
          ))}
          <th scope="col">{trans.__('Difference')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([title, text, difference]) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            <td>{text(before)}</td>
            <td>{text(after)}</td>
            <td>{difference}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
