import * as React from 'react';

import { Environment, useEnvironment } from '../components/context';
import { WaitForm } from '../components/WaitForm';
import { homeName } from '../sidebar/query';
import type { IExecutionModel, IOpenQuestion } from '../tokens';

/**
 * All open questions, wherever the executions run; answers need no kernel.
 */
export function Inbox(props: {
  /** Told whenever there begin to be questions. */
  onDrawn?(): void;
}): React.JSX.Element {
  const { model, trans } = useEnvironment();
  const waits = useWaits(model);
  const hasWaits = waits.length > 0;
  React.useEffect(() => {
    props.onDrawn?.();
  }, [hasWaits]);
  if (waits.length === 0) {
    return (
      <p className="jp-kitaru-nothing">
        {trans.__('No execution waits for an answer.')}
      </p>
    );
  }
  return (
    <ul className="jp-kitaru-inbox" aria-label={trans.__('Open questions')}>
      {waits.map(wait => (
        <Question
          key={`${wait.home ?? ''} ${wait.exec_id} ${wait.name}`}
          wait={wait}
        />
      ))}
    </ul>
  );
}

function Question({ wait }: { wait: IOpenQuestion }): React.JSX.Element {
  const environment = useEnvironment();
  const { trans, open } = environment;
  const { exec_id: execId, flow, home, place } = wait;
  const inner = React.useMemo(
    () => ({ ...environment, live: { execId, home } }),
    [environment, execId, home]
  );
  return (
    <li
      className="jp-kitaru-execution jp-kitaru-item"
      data-kitaru-execution={execId}
      data-kitaru-home={home ?? ''}
    >
      <Environment.Provider value={inner}>
        <WaitForm wait={wait} />
      </Environment.Provider>
      <button
        className="jp-kitaru-link jp-kitaru-source"
        title={trans.__('Open %1', execId)}
        onClick={() => {
          open?.({ execId, home });
        }}
      >
        {flow}
      </button>
      {place !== null && (
        <span className="jp-kitaru-dim jp-kitaru-place" title={place}>
          {' '}
          {trans.__('in %1', homeName(place))}
        </span>
      )}
    </li>
  );
}

export function useWaits(
  model: IExecutionModel | null
): readonly IOpenQuestion[] {
  const [waits, setWaits] = React.useState(model?.waits ?? []);
  React.useEffect(() => {
    const onChanged = (sender: IExecutionModel): void => {
      setWaits(sender.waits);
    };
    setWaits(model?.waits ?? []);
    model?.waitsChanged.connect(onChanged);
    return () => {
      model?.waitsChanged.disconnect(onChanged);
    };
  }, [model]);
  return waits;
}
