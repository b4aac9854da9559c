import * as React from 'react';

import { statusIcons, type AnyStatus } from '../icons';
import { useEnvironment } from './context';
import { statusText } from './format';

/**
 * A status as an icon; the text is there for those who do not see it, unless `decorative`.
 */
export function StatusIcon(props: {
  status: AnyStatus;
  decorative?: boolean;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const icon = statusIcons[props.status];
  const text = statusText(trans, props.status);
  return (
    <span
      className={`jp-kitaru-status jp-kitaru-status-${props.status}`}
      title={text}
      {...(props.decorative
        ? { 'aria-hidden': true }
        : { role: 'img', 'aria-label': text })}
    >
      <icon.react tag="span" width="16px" height="16px" />
    </span>
  );
}
