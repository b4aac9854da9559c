import * as React from 'react';

import { useEnvironment } from '../components/context';
import { Rendered } from '../components/Rendered';
import { useApplication } from '../document/environment';
import type { DeploymentView } from '../documents';

/**
 * The exported script, to read; or why there is none.
 */
export function Script(props: { view: DeploymentView }): React.JSX.Element {
  const { trans } = useEnvironment();
  const { rendermime } = useApplication();
  const [open, setOpen] = React.useState(false);
  const { script, script_note: note } = props.view;
  const bundle = React.useMemo(
    () => ({ 'text/markdown': fenced(script ?? '') }),
    [script]
  );
  if (script === null) {
    return (
      <p className="jp-kitaru-part jp-kitaru-dim">
        {note === null
          ? trans.__('There is no script.')
          : trans.__('There is no script: %1', note)}
      </p>
    );
  }
  return (
    <details
      className="jp-kitaru-part"
      onToggle={event => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{trans.__('Script')}</summary>
      {open && (
        <div
          className="jp-kitaru-script"
          role="region"
          tabIndex={0}
          aria-label={trans.__('Script')}
        >
          {rendermime ? (
            <Rendered rendermime={rendermime} bundle={bundle} />
          ) : (
            <pre>{script}</pre>
          )}
        </div>
      )}
    </details>
  );
}

/**
 * A script as a block of Markdown, which JupyterLab colours; its fence is longer than any in the script.
 */
export function fenced(script: string): string {
  const longest = Math.max(
    2,
    ...[...script.matchAll(/`+/g)].map(([run]) => run.length)
  );
  const fence = '`'.repeat(longest + 1);
  return `${fence}python\n${script}\n${fence}`;
}

/**
 * The distributions that a version runs with.
 */
export function Requirements(props: {
  view: DeploymentView;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { requirements } = props.view;
  return (
    <details className="jp-kitaru-part">
      <summary>{trans.__('Requirements (%1)', requirements.length)}</summary>
      <pre
        className="jp-kitaru-script"
        tabIndex={0}
        aria-label={trans.__('Requirements')}
      >
        {requirements.join('\n')}
      </pre>
    </details>
  );
}
