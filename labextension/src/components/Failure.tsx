import * as React from 'react';

import type { FailureView } from '../documents';
import { useEnvironment } from './context';

/**
 * Why something failed: the message, then the user's own lines.
 */
export function Failure(props: {
  failure: FailureView;
  call?: string | null;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { message, type, traceback } = props.failure;
  // The rest of it stands at the end of the traceback.
  const [first = ''] = traceback ? message.split('\n', 1) : [message];
  return (
    <div
      className="jp-kitaru-failure"
      role="group"
      aria-label={trans.__('Failure')}
    >
      <div className="jp-kitaru-failure-message">
        {type && <strong>{type}</strong>}
        {type && first && ': '}
        {first}
        {props.call && (
          <span className="jp-kitaru-dim">
            {' '}
            {trans.__('in %1', props.call)}
          </span>
        )}
      </div>
      {traceback && (
        <pre tabIndex={0} aria-label={trans.__('Traceback')}>
          {traceback.trimEnd()}
        </pre>
      )}
    </div>
  );
}
