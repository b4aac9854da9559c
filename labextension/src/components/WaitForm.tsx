import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { PartialJSONValue } from '@lumino/coreutils';
import type { ErrorSchema } from '@rjsf/utils';
import * as React from 'react';

import { ApiError } from '../api';
import type { WaitView } from '../documents';
import { useEnvironment } from './context';
import { moment } from './format';
import { Heading } from './Heading';
import { answerOf, errorsAt, kindOf } from './schemas';
import { problemText } from './problem';

const SchemaForm = React.lazy(() => import('./SchemaForm'));

let forms = 0;

/** Characters of which a question may take more room than there is. */
const LONG = 300;

/**
 * An open question and the fields to answer it; what is typed stays while the view around it changes.
 */
export function WaitForm({ wait }: { wait: WaitView }): React.JSX.Element {
  const { trans, live, asking = false } = useEnvironment();
  const [id] = React.useState(() => `jp-kitaru-wait-${++forms}`);
  const answering = useAnswering(wait);
  const question = wait.question ?? trans.__('Go on?');
  return (
    // A group and no region: several questions of the same words may be open, and landmarks must differ.
    <div
      role="group"
      className="jp-kitaru-wait"
      aria-labelledby={id}
      // Letters that are typed here are no shortcuts of the notebook.
      data-lm-suppress-shortcuts="true"
    >
      <Heading id={id} long={question.length > LONG}>
        {question}
      </Heading>
      <Deadline wait={wait} />
      {live ? (
        <Answer
          wait={wait}
          id={`${id}-value`}
          question={question}
          answering={answering}
        />
      ) : (
        <p className="jp-kitaru-dim">
          {asking
            ? trans.__('Asking the server…')
            : trans.__(
                'It cannot be answered from here: this server does not know the execution.'
              )}
        </p>
      )}
      {answering.problem && (
        <div className="jp-kitaru-field-error" role="alert">
          {answering.problem}
        </div>
      )}
    </div>
  );
}

function Deadline({ wait }: { wait: WaitView }): React.JSX.Element | null {
  const { trans } = useEnvironment();
  if (wait.deadline === null) {
    return null;
  }
  const fallback = JSON.stringify(wait.default);
  return (
    <p className="jp-kitaru-dim">
      {trans.__(
        'Without an answer by %1 it goes on with %2.',
        moment(wait.deadline),
        fallback
      )}
    </p>
  );
}

function Answer(props: {
  wait: WaitView;
  id: string;
  question: string;
  answering: IAnswering;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { wait, answering } = props;
  const { busy, answer } = answering;
  const [value, setValue] = React.useState<unknown>(undefined);
  const kind = kindOf(wait.json_schema);
  const button = (
    label: string,
    given: PartialJSONValue,
    style: string
  ): React.JSX.Element => (
    <button
      type="button"
      className={`jp-mod-styled ${style}`}
      disabled={busy}
      onClick={() => {
        answer(given);
      }}
    >
      {label}
    </button>
  );
  if (kind === 'form') {
    return (
      <React.Suspense
        fallback={
          <p className="jp-kitaru-dim">{trans.__('Loading the form…')}</p>
        }
      >
        <SchemaForm
          id={props.id}
          schema={wait.json_schema ?? {}}
          question={props.question}
          value={value}
          errors={answering.errors}
          disabled={busy}
          onChange={setValue}
          onSubmit={given => {
            answer(answerOf(given) as PartialJSONValue);
          }}
        >
          <div className="jp-kitaru-buttons">
            <button
              type="submit"
              className="jp-mod-styled jp-mod-accept"
              disabled={busy}
            >
              {trans.__('Send')}
            </button>
            <Abort answering={answering} question={props.question} />
          </div>
        </SchemaForm>
      </React.Suspense>
    );
  }
  return (
    <div className="jp-kitaru-buttons">
      {kind === 'gate' ? (
        button(trans.__('Go on'), null, 'jp-mod-accept')
      ) : (
        <>
          {button(trans.__('Approve'), true, 'jp-mod-accept')}
          {button(trans.__('Reject'), false, 'jp-mod-reject')}
        </>
      )}
      <Abort answering={answering} question={props.question} />
    </div>
  );
}

function Abort(props: {
  answering: IAnswering;
  question: string;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const ask = async (): Promise<void> => {
    const { button } = await showDialog({
      title: trans.__('Abort this question?'),
      body: trans.__(
        '“%1” stays unanswered and the execution is cancelled.',
        props.question
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep it') }),
        Dialog.warnButton({ label: trans.__('Abort') })
      ]
    });
    if (button.accept) {
      props.answering.abort();
    }
  };
  return (
    <button
      type="button"
      className="jp-kitaru-link jp-kitaru-abort"
      disabled={props.answering.busy}
      onClick={() => {
        void ask();
      }}
    >
      {trans.__('Abort…')}
    </button>
  );
}

interface IAnswering {
  readonly busy: boolean;
  /** Why the last try was refused. */
  readonly problem: string | null;
  /** The same, field by field. */
  readonly errors: ErrorSchema;
  answer(value: PartialJSONValue): void;
  abort(): void;
}

const NO_ERRORS: ErrorSchema = {};

/**
 * Sends answers; after one that was taken the form rests until the question is gone.
 */
function useAnswering(wait: WaitView): IAnswering {
  const { model, live } = useEnvironment();
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<string | null>(null);
  const [errors, setErrors] = React.useState<ErrorSchema>(NO_ERRORS);
  const run = (ask: () => Promise<unknown>): void => {
    setBusy(true);
    setProblem(null);
    setErrors(NO_ERRORS);
    ask().catch((error: unknown) => {
      const failure = error instanceof ApiError ? error.failure : null;
      const places = failure?.places ?? [];
      setBusy(false);
      setErrors(places.length > 0 ? errorsAt(places) : NO_ERRORS);
      setProblem(places.length > 0 ? null : problemText(error));
    });
  };
  const ref = live && { ...live, execId: wait.exec_id };
  return {
    busy,
    problem,
    errors,
    answer: value => {
      if (model && ref) {
        run(() => model.api.answer(ref, wait.name, value));
      }
    },
    abort: () => {
      if (model && ref) {
        run(() => model.api.abort(ref, wait.name));
      }
    }
  };
}
