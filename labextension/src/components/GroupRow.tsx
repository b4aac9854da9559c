import * as React from 'react';

import type { GroupView } from '../documents';
import type { AnyStatus } from '../icons';
import { CallRow, same } from './CallRow';
import { useEnvironment } from './context';
import { cost, count, duration } from './format';
import { PagedCalls } from './PagedCalls';
import { StatusIcon } from './StatusIcon';

/**
 * Folded calls of one checkpoint, with a bar of how far they are.
 */
export const GroupRow = React.memo(
  function GroupRow({ group }: { group: GroupView }): React.JSX.Element {
    const { trans, live } = useEnvironment();
    const [open, setOpen] = React.useState(false);
    const [all, setAll] = React.useState(false);
    const done = group.completed + group.reused;
    const rest = group.total - group.calls.length;
    return (
      <li className="jp-kitaru-row-item">
        <button
          className="jp-kitaru-row"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <StatusIcon status={statusOf(group)} />
          <span className="jp-kitaru-name" title={group.checkpoint}>
            {group.checkpoint}{' '}
            <span className="jp-kitaru-dim">× {count(group.total)}</span>
          </span>
          <span className="jp-kitaru-summary">
            {done < group.total && (
              <progress
                className="jp-kitaru-bar"
                max={group.total}
                value={done}
                aria-label={group.checkpoint}
              />
            )}
            <span className="jp-kitaru-dim">
              {partsOf(
                group,
                trans.__('%1 of %2', count(done), count(group.total)),
                trans
              )}
            </span>
          </span>
          <span className="jp-kitaru-figures">
            {group.cost !== null && <span>{cost(group.cost)}</span>}
            <span className="jp-kitaru-took">
              {group.duration === null ? '' : duration(group.duration)}
            </span>
          </span>
        </button>
        {open && (
          <div className="jp-kitaru-nested">
            {all ? (
              <PagedCalls
                checkpoint={group.checkpoint}
                first={group.sequence}
                total={group.total}
                version={[done, group.running, group.failed].join()}
              />
            ) : (
              <ol className="jp-kitaru-rows" aria-label={group.checkpoint}>
                {group.calls.map(call => (
                  <CallRow key={call.name} call={call} />
                ))}
              </ol>
            )}
            {rest > 0 && live && (
              <button
                className="jp-kitaru-link"
                aria-expanded={all}
                onClick={() => {
                  setAll(!all);
                }}
              >
                {all
                  ? trans.__('Show a few')
                  : trans.__('Show all %1 calls', count(group.total))}
              </button>
            )}
          </div>
        )}
      </li>
    );
  },
  (before, after) => same(before.group, after.group)
);

function statusOf(group: GroupView): AnyStatus {
  if (group.running > 0) {
    return 'running';
  }
  if (group.failed > 0) {
    return 'failed';
  }
  return group.reused === group.total
    ? 'reused'
    : group.completed + group.reused < group.total
      ? 'interrupted'
      : 'completed';
}

function partsOf(
  group: GroupView,
  done: string,
  trans: ReturnType<typeof useEnvironment>['trans']
): string {
  const parts = [
    group.completed + group.reused < group.total ? done : null,
    group.failed > 0 ? trans.__('%1 failed', count(group.failed)) : null,
    group.reused > 0 ? trans.__('%1 reused', count(group.reused)) : null
  ];
  return parts.filter(part => part !== null).join(' · ');
}
