import * as React from 'react';

import type { ExecutionView } from '../documents';
import { CallRows } from './CallRows';
import { useEnvironment } from './context';
import { ExecutionHeader } from './ExecutionHeader';
import { Failure } from './Failure';
import { Logs } from './Logs';
import { ValuePreview } from './ValuePreview';
import { WaitForm } from './WaitForm';

/**
 * One execution: how it stands, what it asks, what went wrong, its calls, its result and its output.
 */
export function Execution(props: {
  view: ExecutionView;
  /** Something to say below all of it. */
  note?: string | null;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { view } = props;
  return (
    <article
      className="jp-kitaru-execution"
      data-kitaru-home={view.home ?? ''}
      aria-label={trans.__('Execution of %1', view.flow)}
    >
      <ExecutionHeader view={view} />
      {view.waits.map(wait => (
        <WaitForm key={`${wait.exec_id} ${wait.name}`} wait={wait} />
      ))}
      {view.failure && (
        <Failure failure={view.failure} call={view.failed_call} />
      )}
      <CallRows view={view} />
      {view.output && (
        <div className="jp-kitaru-output">
          <span className="jp-kitaru-dim">{trans.__('Result')}</span>
          <ValuePreview value={view.output} />
        </div>
      )}
      {view.logs.length > 0 && <Logs lines={view.logs} />}
      {props.note && (
        <p className="jp-kitaru-note" role="status">
          {props.note}
        </p>
      )}
    </article>
  );
}
