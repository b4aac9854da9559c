import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { executionPath, type IExecutionRef } from '../api';
import { Environment, useEnvironment } from '../components/context';
import { count } from '../components/format';
import { problemText } from '../components/problem';
import type { DiffView } from '../documents';
import type { IExecutionModel } from '../tokens';
import { Change } from './Change';
import { ComparedCall } from './ComparedCall';
import { Figures } from './Figures';

/**
 * Two executions side by side, call by call.
 */
export function Comparison(props: {
  target: IExecutionRef;
  other: string;
  model: IExecutionModel;
  trans: TranslationBundle;
  open(ref: IExecutionRef): void;
}): React.JSX.Element {
  const { target, other, model, trans, open } = props;
  const title = React.useId();
  const [found, setFound] = React.useState<DiffView | string | null>(null);
  const environment = React.useMemo(
    () => ({ trans, model, live: target, open }),
    [trans, model, target, open]
  );
  React.useEffect(() => {
    let current = true;
    const ask = (): void => {
      model.api
        .get<DiffView>(executionPath(target, 'diff'), {
          with: other,
          home: target.home
        })
        .then(
          diff => {
            if (current) {
              setFound(diff);
            }
          },
          (error: unknown) => {
            if (current) {
              setFound(problemText(error));
            }
          }
        );
    };
    ask();
    const watched = [target.execId, other].map(execId =>
      model.watch({ execId, home: target.home })
    );
    watched.forEach(share => {
      share.changed.connect(ask);
    });
    return () => {
      current = false;
      watched.forEach(share => {
        share.dispose();
      });
    };
  }, [model, target, other]);
  return (
    <Environment.Provider value={environment}>
      <article
        className="jp-kitaru-execution jp-kitaru-comparison"
        aria-labelledby={title}
      >
        <h2 id={title} className="jp-kitaru-unseen">
          {trans.__('Comparison of two executions')}
        </h2>
        {typeof found === 'string' ? (
          <p role="alert">{found}</p>
        ) : found === null ? (
          <p role="status">{trans.__('Loading…')}</p>
        ) : (
          <Both diff={found} />
        )}
      </article>
    </Environment.Provider>
  );
}

function Both({ diff }: { diff: DiffView }): React.JSX.Element {
  const { trans } = useEnvironment();
  const [all, setAll] = React.useState(false);
  const changed = diff.calls.filter(call => !call.same);
  const same = diff.calls.length - changed.length + diff.hidden;
  const shown = all ? diff.calls : changed;
  return (
    <>
      <Figures diff={diff} />
      {diff.inputs.length > 0 && (
        <section>
          <h3 className="jp-kitaru-heading">{trans.__('Inputs')}</h3>
          {diff.inputs.map(change => (
            <Change key={change.name} change={change} />
          ))}
        </section>
      )}
      {diff.output && (
        <section>
          <h3 className="jp-kitaru-heading">{trans.__('Result')}</h3>
          <Change change={diff.output} untitled />
        </section>
      )}
      <section>
        <h3 className="jp-kitaru-heading">{trans.__('Calls')}</h3>
        {changed.length === 0 && (
          <p className="jp-kitaru-dim">
            {trans.__('All calls returned the same.')}
          </p>
        )}
        <ol className="jp-kitaru-rows" aria-label={trans.__('Calls')}>
          {shown.map(call => (
            <ComparedCall
              key={`${call.before ?? ''} ${call.after ?? ''}`}
              call={call}
            />
          ))}
        </ol>
        {same > 0 && (
          <button
            className="jp-kitaru-link"
            aria-expanded={all}
            onClick={() => {
              setAll(!all);
            }}
          >
            {all
              ? trans.__('Only what is different')
              : trans._n(
                  'Show %1 call that is the same',
                  'Show %1 calls that are the same',
                  same,
                  count(same)
                )}
          </button>
        )}
      </section>
    </>
  );
}
