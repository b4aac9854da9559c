import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { Environment, useEnvironment, useNow } from '../components/context';
import { ExecutionHeader } from '../components/ExecutionHeader';
import { Failure } from '../components/Failure';
import { Headings } from '../components/Heading';
import { useWatched } from '../components/InlineExecution';
import { Logs } from '../components/Logs';
import { WaitForm } from '../components/WaitForm';
import type { ExecutionView } from '../documents';
import type { IExecutionModel, IWatchedExecution } from '../tokens';
import { CallPane } from './CallPane';
import { InAndOut, StoredValues } from './DocumentValues';
import { Origin } from './Origin';
import { Timeline, type ISelected } from './Timeline';
import { callIn, useCalls } from './useCalls';

const Replay = React.lazy(async () => ({
  default: (await import('./Replay')).Replay
}));

/**
 * Where the replay form is open, and the call at which it sets in; null where it is closed.
 */
export interface IReplaying {
  readonly at: string | null;
}

/**
 * One execution in a document of its own.
 */
export function Document(props: {
  target: IExecutionRef;
  model: IExecutionModel;
  trans: TranslationBundle;
  open(ref: IExecutionRef): void;
  replaying: IReplaying | null;
  onReplaying(replaying: IReplaying | null): void;
  /** Told whenever there is a newer document. */
  onView(view: ExecutionView): void;
}): React.JSX.Element {
  const { target, model, trans, open } = props;
  const watched = useWatched(model, target.execId, target.home);
  const environment = React.useMemo(
    () => ({ trans, model, live: target, open }),
    [trans, model, target, open]
  );
  const view = watched?.view ?? null;
  React.useEffect(() => {
    if (view) {
      props.onView(view);
    }
  }, [view]);
  return (
    <Environment.Provider value={environment}>
      {view ? (
        <Known {...props} view={view} problem={problemOf(watched, trans)} />
      ) : (
        <div className="jp-kitaru-execution jp-kitaru-empty" role="status">
          {problemOf(watched, trans) ?? trans.__('Loading…')}
        </div>
      )}
    </Environment.Provider>
  );
}

function problemOf(
  watched: IWatchedExecution | null,
  trans: TranslationBundle
): string | null {
  switch (watched?.knowledge) {
    case 'unknown':
      return trans.__(
        'The server does not know %1: it was deleted, or is recorded in another home.',
        watched.ref.execId
      );
    case 'unreachable':
      return watched.problem;
    default:
      return null;
  }
}

function Known(props: {
  view: ExecutionView;
  problem: string | null;
  target: IExecutionRef;
  replaying: IReplaying | null;
  onReplaying(replaying: IReplaying | null): void;
}): React.JSX.Element {
  const { view, replaying, onReplaying } = props;
  const { trans } = useEnvironment();
  const [selected, setSelected] = React.useState<ISelected | null>(null);
  const calls = useCalls(props.target, view);
  const goesOn = view.status === 'running' || view.status === 'waiting';
  const now = Math.max(useNow(goesOn), view.at);
  return (
    <article
      className="jp-kitaru-execution jp-kitaru-document"
      aria-label={trans.__('Execution of %1', view.flow)}
      data-kitaru-execution={view.exec_id}
      data-kitaru-home={props.target.home ?? ''}
    >
      <div className="jp-kitaru-top">
        <ExecutionHeader view={view} isTitle />
        <Origin view={view} />
        {props.problem && (
          <p className="jp-kitaru-note" role="alert">
            {props.problem}
          </p>
        )}
      </div>
      <div className="jp-kitaru-body">
        <div className="jp-kitaru-main">
          <Headings level={3}>
            {replaying && (
              <React.Suspense fallback={null}>
                <Replay
                  key={replaying.at ?? ''}
                  view={view}
                  at={replaying.at}
                  onClose={() => {
                    onReplaying(null);
                  }}
                />
              </React.Suspense>
            )}
            {view.waits.map(wait => (
              <WaitForm key={`${wait.exec_id} ${wait.name}`} wait={wait} />
            ))}
            {view.failure && (
              <Failure failure={view.failure} call={view.failed_call} />
            )}
            {view.rows.length > 0 ? (
              <Timeline
                view={view}
                calls={calls}
                now={now}
                selected={selected}
                onSelect={setSelected}
              />
            ) : (
              <p className="jp-kitaru-nothing">
                {view.ended_at === null
                  ? trans.__('No checkpoint was called yet.')
                  : trans.__('No checkpoint was called.')}
              </p>
            )}
            <InAndOut view={view} />
            <StoredValues view={view} />
            <Logs lines={view.logs} />
          </Headings>
        </div>
        {selected && (
          <CallPane
            call={callIn(view, selected)}
            selected={selected}
            notebook={view.notebook}
            onReplay={at => {
              onReplaying({ at });
            }}
            onClose={() => {
              setSelected(null);
            }}
          />
        )}
      </div>
    </article>
  );
}
