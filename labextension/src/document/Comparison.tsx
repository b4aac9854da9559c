import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { CallDiff, DiffView, ValueChange } from '../documents';
import { executionPath, type IExecutionRef } from '../api';
import { Environment, useEnvironment } from '../components/context';
import {
  cost,
  count,
  duration,
  moment,
  statusText
} from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import { ValuePreview } from '../components/ValuePreview';
import { problemText } from '../components/problem';
import type { ExecutionSummary } from '../documents';
import type { AnyStatus } from '../icons';
import type { IExecutionModel } from '../tokens';

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
        aria-label={trans.__('Comparison of two executions')}
      >
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
          <h3>{trans.__('Inputs')}</h3>
          {diff.inputs.map(change => (
            <Change key={change.name} change={change} />
          ))}
        </section>
      )}
      {diff.output && (
        <section>
          <h3>{trans.__('Result')}</h3>
          <Change change={diff.output} untitled />
        </section>
      )}
      <section>
        <h3>{trans.__('Calls')}</h3>
        {changed.length === 0 && (
          <p className="jp-kitaru-dim">
            {trans.__('All calls returned the same.')}
          </p>
        )}
        <ol className="jp-kitaru-rows" aria-label={trans.__('Calls')}>
          {shown.map(call => (
            <Call
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

function Figures({ diff }: { diff: DiffView }): React.JSX.Element {
  const { trans, open, live } = useEnvironment();
  const { before, after } = diff;
  const rows: [string, (one: ExecutionSummary) => React.ReactNode, string][] = [
    [
      trans.__('Status'),
      one => (
        <>
          <StatusIcon status={one.status} decorative />{' '}
          {statusText(trans, one.status)}
        </>
      ),
      ''
    ],
    [
      trans.__('Started'),
      one => (one.started_at === null ? '–' : moment(one.started_at)),
      ''
    ],
    [
      trans.__('Duration'),
      one =>
        one.started_at === null || one.ended_at === null
          ? '–'
          : duration(one.ended_at - one.started_at),
      delta(diff.duration_delta, wholeDuration)
    ],
    [
      trans.__('Cost'),
      one => (one.totals.cost === null ? '–' : cost(one.totals.cost)),
      delta(diff.cost_delta, cost)
    ],
    [
      trans.__('Tokens'),
      one => (one.totals.tokens === null ? '–' : count(one.totals.tokens)),
      delta(diff.token_delta, count)
    ]
  ];
  return (
    <table className="jp-kitaru-figures-table">
      <thead>
        <tr>
          <td />
          {[before, after].map(one => (
            <th key={one.exec_id} scope="col">
              {one.flow}{' '}
              <button
                className="jp-kitaru-id jp-kitaru-link"
                onClick={() => {
                  open?.({ execId: one.exec_id, home: live?.home ?? null });
                }}
              >
                {one.exec_id}
              </button>
            </th>
          ))}
          <th scope="col">{trans.__('Difference')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([title, text, difference]) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            <td>{text(before)}</td>
            <td>{text(after)}</td>
            <td>{difference}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/**
 * A duration of which less than half a millisecond counts as nothing.
 */
function wholeDuration(seconds: number): string {
  return duration(Math.round(seconds * 1000) / 1000);
}

function delta(value: number | null, text: (value: number) => string): string {
  if (value === null || value === 0) {
    return '';
  }
  const size = text(Math.abs(value));
  return size === text(0) ? '' : `${value > 0 ? '+' : '−'}${size}`;
}

function Call({ call }: { call: CallDiff }): React.JSX.Element {
  const { trans } = useEnvironment();
  const [open, setOpen] = React.useState(!call.same);
  const name = call.after ?? call.before ?? call.name;
  const only =
    call.before === null
      ? trans.__('only in the second')
      : call.after === null
        ? trans.__('only in the first')
        : call.same
          ? trans.__('the same')
          : '';
  const differences = [
    delta(call.duration_delta, wholeDuration),
    delta(call.cost_delta, cost)
  ].filter(text => text !== '');
  return (
    <li>
      <button
        className="jp-kitaru-row"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <StatusIcon
          status={
            (call.after_status ?? call.before_status ?? 'pending') as AnyStatus
          }
        />
        <span className="jp-kitaru-name">{name}</span>
        <span className="jp-kitaru-summary">{only}</span>
        <span className="jp-kitaru-figures">{differences.join(' · ')}</span>
      </button>
      {open && (
        <div className="jp-kitaru-nested">
          {call.inputs.map(change => (
            <Change key={change.name} change={change} />
          ))}
          {call.output && (
            <Change change={{ ...call.output, name: trans.__('Result') }} />
          )}
          {call.inputs.length === 0 && !call.output && (
            <p className="jp-kitaru-dim">
              {trans.__('Inputs and result are the same.')}
            </p>
          )}
          {call.why && <p className="jp-kitaru-dim">{call.why}</p>}
        </div>
      )}
    </li>
  );
}

/**
 * A value before and after; of texts what was taken away and added.
 */
function Change(props: {
  change: ValueChange;
  untitled?: boolean;
}): React.JSX.Element {
  const { change, untitled = false } = props;
  const { trans } = useEnvironment();
  const lines = change.text_diff.filter(line => !/^(---|\+\+\+|@@)/.test(line));
  return (
    <div className="jp-kitaru-change">
      {!untitled && <h4>{change.name}</h4>}
      {lines.length > 0 ? (
        <pre
          className="jp-kitaru-diff"
          tabIndex={0}
          aria-label={trans.__('Text of %1 line by line', change.name)}
        >
          {lines.map((line, index) => (
            <DiffLine key={index} line={line} />
          ))}
        </pre>
      ) : (
        <div className="jp-kitaru-sides">
          <div>
            {change.before ? <ValuePreview value={change.before} /> : '–'}
          </div>
          <div>
            {change.after ? <ValuePreview value={change.after} /> : '–'}
          </div>
        </div>
      )}
    </div>
  );
}

function DiffLine({ line }: { line: string }): React.JSX.Element {
  const text = line.replace(/\n$/, '');
  if (text.startsWith('+')) {
    return <ins>{text}</ins>;
  }
  return text.startsWith('-') ? <del>{text}</del> : <span>{text}</span>;
}
