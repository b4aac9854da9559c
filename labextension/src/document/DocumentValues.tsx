import * as React from 'react';

import { executionPath } from '../api';
import { useEnvironment } from '../components/context';
import { Values } from '../components/Values';
import type { ArtifactView, ExecutionView } from '../documents';
import { Artifacts } from './Artifacts';

/** Stored values in one list. */
const MOST = 200;

/**
 * What the flow was given, and what it returned.
 */
export function InAndOut({
  view
}: {
  view: ExecutionView;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  const inputs = Object.entries(view.inputs);
  if (inputs.length === 0 && !view.output) {
    return null;
  }
  return (
    <div className="jp-kitaru-details jp-kitaru-values">
      {inputs.length > 0 && (
        <Values title={trans.__('Inputs')} values={inputs} />
      )}
      {view.output && (
        <Values title={trans.__('Result')} values={[['', view.output]]} />
      )}
    </div>
  );
}

/**
 * What was stored, fetched when somebody unfolds it.
 */
export function StoredValues({
  view
}: {
  view: ExecutionView;
}): React.JSX.Element {
  const { trans, model, live } = useEnvironment();
  const [open, setOpen] = React.useState(false);
  const [artifacts, setArtifacts] = React.useState<ArtifactView[] | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const done = view.totals.completed;
  React.useEffect(() => {
    let current = true;
    if (open && model && live) {
      model.api
        .get<ArtifactView[]>(executionPath(live, 'artifacts'), {
          home: live.home
        })
        .then(
          found => {
            if (current) {
              setArtifacts(found);
            }
          },
          (error: unknown) => {
            setProblem(error instanceof Error ? error.message : String(error));
          }
        );
    }
    return () => {
      current = false;
    };
  }, [open, model, live, done]);
  return (
    <details
      className="jp-kitaru-stored"
      onToggle={event => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{trans.__('Stored values')}</summary>
      {problem && <p role="alert">{problem}</p>}
      {artifacts && <Artifacts artifacts={artifacts.slice(0, MOST)} />}
      {artifacts?.length === 0 && (
        <p className="jp-kitaru-dim">{trans.__('Nothing is stored yet.')}</p>
      )}
      {artifacts && artifacts.length > MOST && (
        <p className="jp-kitaru-dim">
          {trans.__(
            'The first %1 of %2; choose a call to see its own.',
            MOST,
            artifacts.length
          )}
        </p>
      )}
    </details>
  );
}
