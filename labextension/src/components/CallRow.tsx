import { JSONExt, type ReadonlyPartialJSONValue } from '@lumino/coreutils';
import * as React from 'react';

import type { CallView } from '../documents';
import { CallDetails } from './CallDetails';
import { useEnvironment, useNow } from './context';
import { cost, count, duration, elapsed } from './format';
import { StatusIcon } from './StatusIcon';

/**
 * Whether two documents say the same: most rows do not change while others run.
 */
export function same(before: object, after: object): boolean {
  return JSONExt.deepEqual(
    before as ReadonlyPartialJSONValue,
    after as ReadonlyPartialJSONValue
  );
}

interface ICallRowProps {
  call: CallView;
  /** Where it stands in a list of which only a part is drawn. */
  item?: {
    style: React.CSSProperties;
    'data-index': number;
    ref: React.Ref<HTMLLIElement>;
  };
}

/**
 * One call; opened, it shows what went in and came out.
 */
export const CallRow = React.memo(
  function CallRow({ call, item }: ICallRowProps): React.JSX.Element {
    const [open, setOpen] = React.useState(false);
    return (
      <li className="jp-kitaru-row-item" {...item}>
        <button
          className="jp-kitaru-row"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <StatusIcon status={call.status} />
          <span className="jp-kitaru-name" title={call.name}>
            {call.name}
          </span>
          <Summary call={call} />
          <Figures call={call} />
        </button>
        {open && <CallDetails call={call} />}
      </li>
    );
  },
  (before, after) =>
    same(before.call, after.call) &&
    same(before.item?.style ?? {}, after.item?.style ?? {})
);

/**
 * The one line that says most of a call by now.
 */
function Summary({ call }: { call: CallView }): React.JSX.Element {
  const { failure, output, progress, stream } = call;
  if (failure) {
    const text = failure.type
      ? `${failure.type}: ${failure.message}`
      : failure.message;
    return (
      <span className="jp-kitaru-summary jp-kitaru-bad" title={text}>
        {text}
      </span>
    );
  }
  if (call.status === 'running' && (stream ?? progress)) {
    return (
      <span className="jp-kitaru-summary">
        {progress?.percent != null && (
          <progress
            className="jp-kitaru-bar"
            max={1}
            value={progress.percent}
            aria-label={call.name}
          />
        )}
        <span className="jp-kitaru-tail">
          <bdi>{stream ?? progress?.message}</bdi>
        </span>
      </span>
    );
  }
  return <span className="jp-kitaru-summary">{output?.text}</span>;
}

function Figures({ call }: { call: CallView }): React.JSX.Element {
  const { trans, live } = useEnvironment();
  const running = call.status === 'running';
  const now = useNow(running && live !== null);
  const recorded = call.reused === null ? call.duration : null;
  const took = recorded ?? (running && live ? elapsed(call, now) : null);
  return (
    <span className="jp-kitaru-figures">
      {call.attempts > 1 && (
        <span>
          {trans._n('%1 attempt', '%1 attempts', call.attempts, call.attempts)}
        </span>
      )}
      {call.reused && (
        <span title={call.why ?? ''}>{trans.__('from %1', call.reused)}</span>
      )}
      {call.tokens !== null && call.tokens > 0 && (
        <span>{trans.__('%1 tokens', count(call.tokens))}</span>
      )}
      {call.cost !== null && <span>{cost(call.cost)}</span>}
      <span className="jp-kitaru-took">
        {took === null ? '' : duration(took)}
      </span>
    </span>
  );
}
