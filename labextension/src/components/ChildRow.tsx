import * as React from 'react';

import type { ChildView } from '../documents';
import { CallRow, same } from './CallRow';
import { Environment, useEnvironment, useNow } from './context';
import { count, duration, elapsed } from './format';
import { GroupRow } from './GroupRow';
import { StatusIcon } from './StatusIcon';

/**
 * An execution that this one started, with its own rows below it.
 */
export const ChildRow = React.memo(
  function ChildRow({ child }: { child: ChildView }): React.JSX.Element {
    const environment = useEnvironment();
    const { trans, live } = environment;
    const [open, setOpen] = React.useState(false);
    const ticking = child.status === 'running' && live !== null;
    const now = useNow(ticking);
    const took =
      ticking || child.ended_at !== null ? elapsed(child, now) : null;
    const home = live?.home ?? null;
    const inner = React.useMemo(
      () => ({
        ...environment,
        live: environment.live && { execId: child.exec_id, home }
      }),
      [environment, child.exec_id, home]
    );
    return (
      <li className="jp-kitaru-row-item">
        <button
          className="jp-kitaru-row"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <StatusIcon status={child.status} />
          <span className="jp-kitaru-name" title={child.flow}>
            {child.flow}
          </span>
          <span className="jp-kitaru-summary jp-kitaru-dim">
            {trans._n(
              'flow with %2 call',
              'flow with %2 calls',
              child.calls,
              count(child.calls)
            )}
          </span>
          <span className="jp-kitaru-figures">
            <span className="jp-kitaru-took">
              {took === null ? '' : duration(took)}
            </span>
          </span>
        </button>
        {open && (
          <Environment.Provider value={inner}>
            <div className="jp-kitaru-nested">
              <ol className="jp-kitaru-rows" aria-label={child.flow}>
                {child.rows.map(row =>
                  row.kind === 'call' ? (
                    <CallRow key={row.name} call={row} />
                  ) : (
                    <GroupRow
                      key={`${row.checkpoint} ${row.sequence}`}
                      group={row}
                    />
                  )
                )}
              </ol>
            </div>
          </Environment.Provider>
        )}
      </li>
    );
  },
  (before, after) => same(before.child, after.child)
);
