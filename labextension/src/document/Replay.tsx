import { showErrorMessage } from '@jupyterlab/apputils';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';
import * as React from 'react';

import { executionPath, type ICallDetail } from '../api';
import { useEnvironment } from '../components/context';
import { typeName } from '../components/format';
import { problemText } from '../components/problem';
import type {
  ExecutionView,
  ParameterView,
  Replayed,
  ValueView,
  WaitView
} from '../documents';
import { Field, type IField, type ITyped } from './Field';
import { fateText, planText } from './plan';
import { editableOf, parsed } from './values';

/** Milliseconds after the last change. */
const TYPING = 400;

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
      <h3 id="jp-kitaru-replay-title" ref={heading} tabIndex={-1}>
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

/**
 * What the flow and its checkpoints take, as recorded with the code; null before it is known.
 */
function useParameters(): readonly ParameterView[] | null {
  const { model, live } = useEnvironment();
  const [found, setFound] = React.useState<ParameterView[] | null>(null);
  React.useEffect(() => {
    let current = true;
    if (model && live) {
      model.api
        .get<ParameterView[]>(executionPath(live, 'parameters'), {
          home: live.home
        })
        .then(
          parameters => {
            if (current) {
              setFound(parameters);
            }
          },
          () => {
            // Without types the fields are those of the recorded values.
            setFound([]);
          }
        );
    }
    return () => {
      current = false;
    };
  }, [model, live]);
  return found;
}

function useCallDetail(name: string): ICallDetail | null {
  const { model, live } = useEnvironment();
  const [call, setCall] = React.useState<ICallDetail | null>(null);
  React.useEffect(() => {
    let current = true;
    setCall(null);
    if (name && model && live) {
      model.api.call(live, name).then(
        detail => {
          if (current) {
            setCall(detail);
          }
        },
        () => {
          // The plan says that there is no such call.
        }
      );
    }
    return () => {
      current = false;
    };
  }, [model, live, name]);
  return call;
}

/**
 * The arguments that can be changed: those of the flow, and of the call at which it sets in; and the answers.
 */
function useFields(view: ExecutionView, at: string): IField[] {
  const { trans } = useEnvironment();
  const parameters = useParameters();
  const call = useCallDetail(at);
  return React.useMemo(() => {
    if (parameters === null) {
      return [];
    }
    const fields = (
      scope: IField['scope'],
      owner: string,
      of: string | null,
      inputs: Record<string, ValueView>
    ): IField[] =>
      Object.entries(inputs).map(([name, value]) => {
        const known = parameters.find(
          one => one.of === of && one.name === name
        );
        return {
          key: `${scope} ${owner} ${name}`,
          scope,
          owner,
          name,
          title: scope === 'flow' ? name : trans.__('%1 of %2', name, owner),
          type: known?.annotation ?? (value.type && typeName(value.type)),
          editable: editableOf(value, known?.json_schema ?? null)
        };
      });
    const answered = view.rows.flatMap(row =>
      row.kind === 'wait' && row.status === 'answered' && row.answer !== null
        ? [answerField(row, row.answer)]
        : []
    );
    return [
      ...fields('flow', view.flow, null, view.inputs),
      ...(call ? fields('call', call.name, call.checkpoint, call.inputs) : []),
      ...answered
    ];
  }, [view, call, parameters]);
}

function answerField(wait: WaitView, answer: string): IField {
  const { name, question, json_schema: schema } = wait;
  const isTold = schema !== null && Object.keys(schema).length > 0;
  return {
    key: `answer ${name}`,
    scope: 'answer',
    owner: name,
    name,
    title: question ?? name,
    type: null,
    editable: editableOf(answerValue(answer), isTold ? schema : null)
  };
}

/**
 * An answer is told as one line of Python.
 */
function answerValue(answer: string): ValueView {
  const text = /^(['"])(.*)\1$/s.exec(answer)?.[2];
  return {
    text: answer,
    type: null,
    size: null,
    artifact_id: null,
    preview:
      text === undefined ? { kind: 'text' } : { kind: 'text', value: text }
  };
}

/**
 * What is sent; null while something that was typed is no value.
 */
function bodyOf(
  fields: readonly IField[],
  typed: Readonly<Record<string, ITyped>>,
  at: string
): PartialJSONObject | null {
  const flow: Record<string, PartialJSONValue> = {};
  const call: Record<string, PartialJSONValue> = {};
  const answers: Record<string, PartialJSONValue> = {};
  for (const field of fields) {
    const change = typed[field.key];
    if (change === undefined) {
      continue;
    }
    const found = parsed(field.editable, change.text);
    if ('problem' in found || !change.isFine) {
      return null;
    }
    const into = { flow, call, answer: answers }[field.scope];
    into[field.name] = found.value;
  }
  return {
    at: at || null,
    flow_overrides: flow,
    invocation_overrides:
      Object.keys(call).length > 0 ? { [at]: { input: call } } : {},
    answers
  };
}

interface IPlan {
  plan: Replayed | null;
  problem: string | null;
}

/**
 * What the server would do, asked a moment after the last change.
 */
function usePlan(body: PartialJSONObject | null): IPlan {
  const { model, live } = useEnvironment();
  const [found, setFound] = React.useState<IPlan>({
    plan: null,
    problem: null
  });
  const asked = body === null ? null : JSON.stringify(body);
  React.useEffect(() => {
    if (asked === null || !model || !live) {
      return;
    }
    let current = true;
    const timer = window.setTimeout(() => {
      model.api
        .send<Replayed>(
          'POST',
          executionPath(live, 'replay'),
          { home: live.home },
          { ...(JSON.parse(asked) as PartialJSONObject), dry_run: true }
        )
        .then(
          plan => {
            if (current) {
              setFound({ plan, problem: null });
            }
          },
          (error: unknown) => {
            if (current) {
              setFound({ plan: null, problem: problemText(error) });
            }
          }
        );
    }, TYPING);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [model, live, asked]);
  return found;
}

function Plan({ plan, problem }: IPlan): React.JSX.Element | null {
  const { trans } = useEnvironment();
  if (problem) {
    return (
      <p className="jp-kitaru-field-error" role="alert">
        {problem}
      </p>
    );
  }
  if (!plan) {
    return null;
  }
  const all = [...plan.calls, ...plan.questions];
  return (
    <details className="jp-kitaru-plan">
      <summary>
        <span role="status">{planText(plan, trans)}</span>
      </summary>
      <ul>
        {all.map(part => (
          <li key={part.name}>
            <strong>{part.name}</strong> {fateText(part.action, trans)}:{' '}
            {part.why}
          </li>
        ))}
      </ul>
    </details>
  );
}
