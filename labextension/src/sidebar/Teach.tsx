import * as React from 'react';

import { useEnvironment } from '../components/context';

/**
 * Nothing is recorded yet: how to begin.
 */
export function Teach(): React.JSX.Element {
  const { trans } = useEnvironment();
  return (
    <div className="jp-kitaru-teach">
      <p>
        {trans.__(
          'Flows that you run appear here. Each result is kept on disk, so that a run goes on where it stopped.'
        )}
      </p>
      <p>{trans.__('Begin with two cells:')}</p>
      <pre tabIndex={0} aria-label={trans.__('Example')}>
        {EXAMPLE}
      </pre>
    </div>
  );
}

const EXAMPLE = `%load_ext kitaru

%%kitaru_flow hello -p name="you"
def greet(name):
    return f"Hello {name}"

greet(name)`;
