import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { executionPath, type IExecutionRef } from '../api';
import { CommandIDs } from '../commands';
import { Environment, useEnvironment, useNow } from '../components/context';
import { ExecutionHeader } from '../components/ExecutionHeader';
import { Failure } from '../components/Failure';
import { useWatched } from '../components/InlineExecution';
import { Logs } from '../components/Logs';
import { Values } from '../components/Values';
import { WaitForm } from '../components/WaitForm';
import type { ArtifactView, CallView, ExecutionView } from '../documents';
import { fileName } from '../sidebar/query';
import type { IExecutionModel, IWatchedExecution } from '../tokens';
import { Artifacts } from './Artifacts';
import { Calls } from './calls';
import { CallPane } from './CallPane';
import { useApplication } from './environment';
import { Timeline, type ISelected } from './Timeline';

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
        <ExecutionHeader view={view} />
        <Origin view={view} />
        {props.problem && (
          <p className="jp-kitaru-note" role="alert">
            {props.problem}
          </p>
        )}
      </div>
      <div className="jp-kitaru-body">
        <div className="jp-kitaru-main">
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
              {trans.__('No checkpoint was called yet.')}
            </p>
          )}
          <InAndOut view={view} />
          <StoredValues view={view} />
          <Logs lines={view.logs} />
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

/**
 * Where it comes from: notebook, version of the flow, original, parent.
 */
function Origin({ view }: { view: ExecutionView }): React.JSX.Element {
  const { trans, open, live } = useEnvironment();
  const { commands } = useApplication();
  const link = (execId: string): React.JSX.Element => (
    <button
      className="jp-kitaru-id jp-kitaru-link"
      onClick={() => {
        open?.({ execId, home: live?.home ?? null });
      }}
    >
      {execId}
    </button>
  );
  const { notebook, snapshot_id: version } = view;
  return (
    <div className="jp-kitaru-origin jp-kitaru-dim">
      {notebook && (
        <button
          className="jp-kitaru-link"
          title={notebook}
          onClick={() => {
            void commands.execute(CommandIDs.openNotebook, {
              path: notebook,
              name: view.flow
            });
          }}
        >
          {fileName(notebook)}
        </button>
      )}
      {version && (
        <span title={version}>
          {trans.__('Version %1', version.replace(/^.*[:-]/, '').slice(0, 8))}
        </span>
      )}
      {view.original_exec_id && (
        <span>
          {trans.__('Replay of')} {link(view.original_exec_id)}
        </span>
      )}
      {view.parent_exec_id && (
        <span>
          {trans.__('Started by')} {link(view.parent_exec_id)}
        </span>
      )}
      {view.tags.map(tag => (
        <span key={tag} className="jp-kitaru-tag">
          {tag}
        </span>
      ))}
    </div>
  );
}

function InAndOut({ view }: { view: ExecutionView }): React.JSX.Element | null {
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
function StoredValues({ view }: { view: ExecutionView }): React.JSX.Element {
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

/** Stored values in one list. */
const MOST = 200;

function callIn(view: ExecutionView, selected: ISelected): CallView | null {
  for (const row of view.rows) {
    if (row.kind === 'child' && row.exec_id === selected.owner) {
      for (const inner of row.rows) {
        if (inner.kind === 'call' && inner.name === selected.call) {
          return inner;
        }
      }
    } else if (
      row.kind === 'call' &&
      selected.owner === view.exec_id &&
      row.name === selected.call
    ) {
      return row;
    }
  }
  return null;
}

/**
 * What the document leaves out, kept while the document is open.
 */
function useCalls(target: IExecutionRef, view: ExecutionView): Calls {
  const { model } = useEnvironment();
  if (!model) {
    throw new Error('A document needs the model.');
  }
  const calls = React.useMemo(
    () => new Calls(model.api, target),
    [model, target]
  );
  const [, draw] = React.useReducer((value: number) => value + 1, 0);
  React.useEffect(() => {
    const onChanged = (): void => {
      draw();
    };
    calls.changed.connect(onChanged);
    return () => {
      calls.changed.disconnect(onChanged);
    };
  }, [calls]);
  React.useMemo(() => {
    calls.outdate();
  }, [calls, view]);
  return calls;
}
