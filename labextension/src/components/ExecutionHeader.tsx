import * as React from 'react';

import type { ExecutionView, Totals } from '../documents';
import { useEnvironment, useNow } from './context';
import { cost, count, duration, elapsed, moment, statusText } from './format';
import { StatusIcon } from './StatusIcon';

/**
 * Which execution, how it stands, how long it took and what it cost.
 */
export function ExecutionHeader(props: {
  view: ExecutionView;
  /** Whether it is the title of all that is shown. */
  isTitle?: boolean;
  children?: React.ReactNode;
}): React.JSX.Element {
  const { trans, live, open } = useEnvironment();
  const { view, isTitle = false } = props;
  const Flow = isTitle ? 'h2' : 'span';
  const ticking = view.status === 'running' && live !== null;
  const took = elapsed(view, Math.max(useNow(ticking), view.started_at ?? 0));
  // What waits or was interrupted takes no time; what is not followed ran that long when it was written down.
  const isTold = view.status === 'running' && !ticking;
  const shown =
    ticking || view.ended_at !== null
      ? took
      : isTold
        ? elapsed(view, view.at)
        : null;
  return (
    <header className="jp-kitaru-header">
      <StatusIcon status={view.status} decorative />
      <Flow className="jp-kitaru-flow">{view.flow}</Flow>
      <span className={`jp-kitaru-state jp-kitaru-status-${view.status}`}>
        {statusText(trans, view.status)}
        {view.reason ? `: ${view.reason}` : ''}
      </span>
      <span className="jp-kitaru-facts">
        <Facts totals={view.totals} />
        {shown !== null && (
          <span title={view.started_at === null ? '' : moment(view.started_at)}>
            {duration(shown)}
          </span>
        )}
        {live && open ? (
          <button
            className="jp-kitaru-id jp-kitaru-link"
            title={trans.__('Open this execution')}
            onClick={() => {
              open(live);
            }}
          >
            {view.exec_id}
          </button>
        ) : (
          <span className="jp-kitaru-id">{view.exec_id}</span>
        )}
        {props.children}
      </span>
      <Progress totals={view.totals} running={view.status === 'running'} />
    </header>
  );
}

function Facts({ totals }: { totals: Totals }): React.JSX.Element {
  const { trans } = useEnvironment();
  const done = totals.completed + totals.reused;
  const facts = [
    totals.calls > 0 &&
      (done === totals.calls
        ? trans._n('%2 call', '%2 calls', totals.calls, count(totals.calls))
        : trans.__('%1 of %2 calls', count(done), count(totals.calls))),
    totals.failed > 0 && trans.__('%1 failed', count(totals.failed)),
    totals.reused > 0 && trans.__('%1 reused', count(totals.reused)),
    totals.tokens !== null &&
      totals.tokens > 0 &&
      trans.__('%1 tokens', count(totals.tokens)),
    totals.cost !== null && cost(totals.cost)
  ].filter(fact => fact !== false);
  return (
    <>
      {facts.map(fact => (
        <span key={fact}>{fact}</span>
      ))}
    </>
  );
}

function Progress(props: {
  totals: Totals;
  running: boolean;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  const { calls, completed, reused } = props.totals;
  if (!props.running || calls < 2) {
    return null;
  }
  return (
    <progress
      className="jp-kitaru-progress"
      max={calls}
      value={completed + reused}
      aria-label={trans.__('Calls that are done')}
    />
  );
}
