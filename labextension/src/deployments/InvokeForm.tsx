import { Clipboard, Notification } from '@jupyterlab/apputils';
import { UUID, type PartialJSONObject } from '@lumino/coreutils';
import type { ErrorSchema } from '@rjsf/utils';
import * as React from 'react';

import { ApiError } from '../api';
import { useEnvironment } from '../components/context';
import { problemText } from '../components/problem';
import { errorsAt } from '../components/schemas';
import type { DeploymentView, Place } from '../documents';
import { exampleOf, inputsOf, parametersOf, type IParameters } from './inputs';
import { invoke, type IVersionRef } from './routes';
import { asCli, asCurl, asPython } from './texts';

const SchemaForm = React.lazy(() => import('../components/SchemaForm'));

const NO_ERRORS: ErrorSchema = {};

/**
 * What a version is invoked with; invoked, it leads to the execution that begins.
 */
export function InvokeForm(props: {
  view: DeploymentView;
  target: IVersionRef;
}): React.JSX.Element {
  const { view, target } = props;
  const { trans } = useEnvironment();
  const id = React.useId();
  const parameters = React.useMemo(
    () => parametersOf(view.json_schema, trans),
    [view, trans]
  );
  const [filled, setFilled] = React.useState<unknown>(undefined);
  const invoking = useInvoking(target, filled, parameters);
  const title = trans.__('Invoke version %1', view.version);
  const inputs =
    filled === undefined
      ? exampleOf(view.json_schema)
      : inputsOf(filled, parameters).inputs;
  const buttons = (
    <div className="jp-kitaru-buttons">
      <button
        type="submit"
        className="jp-mod-styled jp-mod-accept"
        disabled={invoking.busy}
      >
        {trans.__('Invoke')}
      </button>
      <Copies view={view} inputs={inputs} />
    </div>
  );
  return (
    <section
      className="jp-kitaru-invoke"
      aria-labelledby={`${id}-title`}
      // Letters that are typed here are no shortcuts.
      data-lm-suppress-shortcuts="true"
    >
      <h4 id={`${id}-title`}>{title}</h4>
      {parameters.isEmpty ? (
        <form
          className="jp-kitaru-form"
          onSubmit={event => {
            event.preventDefault();
            invoking.invoke({});
          }}
        >
          <p className="jp-kitaru-dim">
            {trans.__('The flow takes no parameters.')}
          </p>
          {buttons}
        </form>
      ) : (
        <React.Suspense
          fallback={
            <p className="jp-kitaru-dim">{trans.__('Loading the form…')}</p>
          }
        >
          <SchemaForm
            id={`${id}-inputs`}
            schema={parameters.schema}
            drawing={parameters.drawing}
            question={title}
            jsonLabel={trans.__('Inputs as JSON')}
            value={filled}
            errors={invoking.errors}
            disabled={invoking.busy}
            onChange={setFilled}
            onSubmit={given => {
              invoking.invoke(given);
            }}
          >
            {buttons}
          </SchemaForm>
        </React.Suspense>
      )}
      {invoking.problem && (
        <div className="jp-kitaru-field-error" role="alert">
          {invoking.problem}
        </div>
      )}
    </section>
  );
}

/**
 * The same invocation elsewhere: with what is filled in by now.
 */
function Copies(props: {
  view: DeploymentView;
  inputs: PartialJSONObject;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { view, inputs } = props;
  const ways = [
    ['curl', asCurl],
    ['Python', asPython],
    [trans.__('command'), asCli]
  ] as const;
  return (
    <span className="jp-kitaru-copies">
      <span className="jp-kitaru-dim">{trans.__('Copy as')}</span>
      {ways.map(([name, text]) => (
        <button
          key={name}
          type="button"
          className="jp-kitaru-link"
          aria-label={trans.__('Copy as %1', name)}
          onClick={() => {
            Clipboard.copyToSystem(text(view, inputs));
            Notification.success(trans.__('Copied'), { autoClose: 1500 });
          }}
        >
          {name}
        </button>
      ))}
    </span>
  );
}

interface IInvoking {
  readonly busy: boolean;
  /** Why the last try was refused. */
  readonly problem: string | null;
  /** The same, field by field. */
  readonly errors: ErrorSchema;
  invoke(filled: unknown): void;
}

/**
 * Invokes once, however often one presses: until something else is filled in, the key of the request stays the same.
 */
function useInvoking(
  target: IVersionRef,
  filled: unknown,
  parameters: IParameters
): IInvoking {
  const { model, open } = useEnvironment();
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<string | null>(null);
  const [errors, setErrors] = React.useState<ErrorSchema>(NO_ERRORS);
  const key = React.useRef<string | null>(null);
  const running = React.useRef(false);
  React.useEffect(() => {
    key.current = null;
  }, [filled]);
  const tell = (places: readonly Place[]): void => {
    // What is typed as text has no fields within it.
    const shown = places.map(({ place, message }) => {
      const [name = ''] = place.split('.');
      return { place: parameters.typed.has(name) ? name : place, message };
    });
    setErrors(errorsAt(shown));
  };
  const refused = (error: unknown): void => {
    const { places = [] } = error instanceof ApiError ? error.failure : {};
    tell(places);
    setProblem(places.length > 0 ? null : problemText(error));
  };
  return {
    busy,
    problem,
    errors,
    invoke: given => {
      const { inputs, wrong } = inputsOf(given, parameters);
      if (!model || running.current || wrong.length > 0) {
        tell(wrong);
        return;
      }
      running.current = true;
      setBusy(true);
      setProblem(null);
      setErrors(NO_ERRORS);
      key.current ??= UUID.uuid4();
      invoke(model.api, target, inputs, key.current)
        .then(({ exec_id: execId }) => {
          key.current = null;
          open?.({ execId, home: target.home });
        }, refused)
        .finally(() => {
          running.current = false;
          setBusy(false);
        });
    }
  };
}
