import * as React from 'react';

import { useEnvironment } from '../components/context';
import { cost } from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import type { CallDiff } from '../documents';
import type { AnyStatus } from '../icons';
import { Change } from './Change';
import { delta, wholeDuration } from './differences';

/**
 * A call of two executions: what went in and came out where that is different.
 */
export function ComparedCall({ call }: { call: CallDiff }): React.JSX.Element {
  const { trans } = useEnvironment();
  const [open, setOpen] = React.useState(!call.same);
  const name = call.after ?? call.before ?? call.name;
  const only =
    call.before === null
      ? trans.__('only in the second')
      : call.after === null
        ? trans.__('only in the first')
        : call.same
          ? trans.__('the same')
          : '';
  const differences = [
    delta(call.duration_delta, wholeDuration),
    delta(call.cost_delta, cost)
  ].filter(text => text !== '');
  return (
    <li>
      <button
        className="jp-kitaru-row"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <StatusIcon
          status={
            (call.after_status ?? call.before_status ?? 'pending') as AnyStatus
          }
        />
        <span className="jp-kitaru-name">{name}</span>
        <span className="jp-kitaru-summary">{only}</span>
        <span className="jp-kitaru-figures">{differences.join(' · ')}</span>
      </button>
      {open && (
        <div className="jp-kitaru-nested">
          {call.inputs.map(change => (
            <Change key={change.name} change={change} />
          ))}
          {call.output && (
            <Change change={{ ...call.output, name: trans.__('Result') }} />
          )}
          {call.inputs.length === 0 && !call.output && (
            <p className="jp-kitaru-dim">
              {trans.__('Inputs and result are the same.')}
            </p>
          )}
          {call.why && <p className="jp-kitaru-dim">{call.why}</p>}
        </div>
      )}
    </li>
  );
}
