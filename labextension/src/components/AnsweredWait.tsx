import * as React from 'react';

import type { WaitView } from '../documents';
import { useEnvironment } from './context';
import { moment } from './format';
import { StatusIcon } from './StatusIcon';

/**
 * A question that is no longer open: what was asked and what was said.
 */
export function AnsweredWait({ wait }: { wait: WaitView }): React.JSX.Element {
  const { trans } = useEnvironment();
  const outcome =
    wait.status === 'answered'
      ? (wait.answer ?? '')
      : wait.status === 'aborted'
        ? trans.__('Aborted')
        : trans.__('Expired');
  return (
    <li className="jp-kitaru-row-item">
      <div className="jp-kitaru-row">
        <StatusIcon
          status={wait.status === 'answered' ? 'completed' : 'cancelled'}
        />
        <span className="jp-kitaru-name" title={wait.question ?? wait.name}>
          {wait.question ?? wait.name}
        </span>
        <span className="jp-kitaru-summary">{outcome}</span>
        <span
          className="jp-kitaru-figures"
          title={wait.ended_at === null ? '' : moment(wait.ended_at)}
        >
          {wait.answered_by && (
            <span>{trans.__('by %1', wait.answered_by)}</span>
          )}
          <span className="jp-kitaru-took" />
        </span>
      </div>
    </li>
  );
}
