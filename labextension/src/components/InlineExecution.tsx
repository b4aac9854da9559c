import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import type { ExecutionView } from '../documents';
import type { IExecutionModel, IWatchedExecution } from '../tokens';
import { Environment, type IEnvironment } from './context';
import { Execution } from './Execution';

/**
 * An execution in a notebook's output: live where the server knows it, else as it was saved.
 */
export function InlineExecution(props: {
  snapshot: ExecutionView;
  model: IExecutionModel | null;
  trans: TranslationBundle;
  open?: ((ref: IExecutionRef) => void) | undefined;
}): React.JSX.Element {
  const { snapshot, model, trans, open } = props;
  const watched = useWatched(model, snapshot.exec_id, snapshot.home);
  const { knowledge = model ? 'loading' : 'unknown' } = watched ?? {};
  // A server that is away for a while knows it still: a form stays, with what was typed.
  const hasAnswered = (watched?.view ?? null) !== null;
  const known = knowledge !== 'unknown' && hasAnswered;
  const asking = knowledge !== 'unknown' && !hasAnswered;
  const environment = React.useMemo<IEnvironment>(
    () => ({
      trans,
      model,
      live: known ? { execId: snapshot.exec_id, home: snapshot.home } : null,
      asking,
      open
    }),
    [trans, model, known, asking, snapshot.exec_id, snapshot.home, open]
  );
  const live = watched?.view ?? null;
  const view = live && live.position >= snapshot.position ? live : snapshot;
  return (
    <Environment.Provider value={environment}>
      <Execution
        view={besideError(view, snapshot)}
        note={noteOf(watched, trans)}
      />
    </Environment.Provider>
  );
}

/**
 * Where the cell itself ends with the error, its traceback is shown below this view, and was not saved in it.
 */
function besideError(
  view: ExecutionView,
  snapshot: ExecutionView
): ExecutionView {
  // The store rounds to microseconds what the kernel has in full.
  const apart = Math.abs((view.ended_at ?? 0) - (snapshot.ended_at ?? 0));
  const isTold = snapshot.failure?.traceback === '' && apart < 0.001;
  return view.failure && isTold
    ? { ...view, failure: { ...view.failure, traceback: '' } }
    : view;
}

function noteOf(
  watched: IWatchedExecution | null,
  trans: TranslationBundle
): string | null {
  switch (watched?.knowledge) {
    case 'unknown':
      return trans.__(
        'As saved in the notebook: this server does not know the execution.'
      );
    case 'unreachable':
      return watched.problem;
    default:
      return null;
  }
}

/**
 * Watch an execution while the component is there, and draw again when it changes.
 */
export function useWatched(
  model: IExecutionModel | null,
  execId: string,
  home: string | null
): IWatchedExecution | null {
  const [watched, setWatched] = React.useState<IWatchedExecution | null>(null);
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const shared = model?.watch({ execId, home }) ?? null;
    shared?.changed.connect(draw);
    setWatched(shared);
    return () => {
      shared?.dispose();
    };
  }, [model, execId, home]);
  return watched;
}
