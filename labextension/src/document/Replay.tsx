import { showErrorMessage } from '@jupyterlab/apputils';
import * as React from 'react';

import { executionPath } from '../api';
import { useEnvironment } from '../components/context';
import { problemText } from '../components/problem';
import type { ExecutionView, Replayed } from '../documents';
import { Field, type ITyped } from './Field';
import { Plan, usePlan } from './ReplayPlan';
import { bodyOf } from './replayBody';
import { useFields } from './replayFields';

/**
 * A new execution from this one, with something changed: the form, and what it would do.
 */
export function Replay(props: {
  view: ExecutionView;
  at: string | null;
  onClose(): void;
}): React.JSX.Element {
  const { view } = props;
  const { trans, model, live, open } = useEnvironment();
  const [at, setAt] = React.useState(props.at ?? '');
  const [typed, setTyped] = React.useState<Readonly<Record<string, ITyped>>>(
    {}
  );
  const [busy, setBusy] = React.useState(false);
  const heading = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => {
    heading.current?.focus();
  }, []);
  const fields = useFields(view, at);
  const body = bodyOf(fields, typed, at);
  const { plan, problem } = usePlan(body);
  const run = (): void => {
    if (!model || !live || body === null) {
      return;
    }
    setBusy(true);
    model.api
      .send<Replayed>(
        'POST',
        executionPath(live, 'replay'),
        { home: live.home },
        body
      )
      .then(
        ({ exec_id: execId }) => {
          props.onClose();
          if (execId) {
            open?.({ execId, home: live.home });
          }
        },
        (error: unknown) => {
          setBusy(false);
          void showErrorMessage(
            trans.__('The replay did not start'),
            problemText(error)
          );
        }
      );
  };
  return (
    <section
      className="jp-kitaru-replay"
      aria-labelledby="jp-kitaru-replay-title"
      data-lm-suppress-shortcuts="true"
    >
      <h3
        id="jp-kitaru-replay-title"
        className="jp-kitaru-heading"
        ref={heading}
        tabIndex={-1}
      >
        {trans.__('Replay %1', view.flow)}
      </h3>
      <p className="jp-kitaru-dim">
        {trans.__(
          'A new execution takes what is recorded, and runs what changes.'
        )}
      </p>
      <label className="jp-kitaru-field">
        <span className="jp-kitaru-label">{trans.__('Run again from')}</span>
        <select
          className="jp-mod-styled"
          value={at}
          onChange={event => {
            setAt(event.target.value);
          }}
        >
          <option value="">{trans.__('What the changes below affect')}</option>
          {callNames(view, at).map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {fields.map(field => (
        <Field
          key={field.key}
          field={field}
          typed={typed[field.key]}
          onType={found => {
            setTyped(before => changed(before, field.key, found));
          }}
        />
      ))}
      <Plan plan={plan} problem={problem} />
      <div className="jp-kitaru-buttons">
        <button
          className="jp-mod-styled jp-mod-accept"
          disabled={busy || body === null || problem !== null}
          onClick={run}
        >
          {trans.__('Replay')}
        </button>
        <button className="jp-mod-styled jp-mod-reject" onClick={props.onClose}>
          {trans.__('Cancel')}
        </button>
      </div>
    </section>
  );
}

function changed(
  typed: Readonly<Record<string, ITyped>>,
  key: string,
  found: ITyped | null
): Record<string, ITyped> {
  const others = Object.entries(typed).filter(([known]) => known !== key);
  return Object.fromEntries(
    found === null ? others : [...others, [key, found]]
  );
}

function callNames(view: ExecutionView, at: string): string[] {
  const names = view.rows.flatMap(row =>
    row.kind === 'call'
      ? [row.name]
      : row.kind === 'group'
        ? row.calls.map(call => call.name)
        : []
  );
  return [...new Set(at ? [...names, at] : names)];
}
