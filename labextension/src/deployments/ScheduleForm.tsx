import type { ErrorSchema } from '@rjsf/utils';
import * as React from 'react';

import { ApiError } from '../api';
import { useEnvironment } from '../components/context';
import { moment } from '../components/format';
import { problemText } from '../components/problem';
import SchemaForm from '../components/SchemaForm';
import { errorsAt } from '../components/schemas';
import type { DeploymentView, ScheduleBody, TimesView } from '../documents';
import { changedOf, inputsOf, parametersOf } from './inputs';
import type { Deployments } from './list';
import { createSchedule, getTimes, type When } from './routes';
import {
  ownZone,
  targetsOf,
  UNITS,
  unitText,
  whenOf,
  zones,
  type IFilled,
  type Unit
} from './times';

const NO_ERRORS: ErrorSchema = {};

/** Milliseconds without a key after which the server is asked for the next times. */
const PAUSE = 300;

type Missed = NonNullable<ScheduleBody['missed']>;

/**
 * A schedule that is to be made: its name, when it is due, what it invokes.
 */
export function ScheduleForm(props: {
  view: DeploymentView;
  list: Deployments;
  onClose(): void;
}): React.JSX.Element {
  const { view, list, onClose } = props;
  const { trans, model } = useEnvironment();
  const id = React.useId();
  const first = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    first.current?.focus();
  }, []);
  const [name, setName] = React.useState('');
  const [when, setWhen] = React.useState<IFilled>({
    kind: 'cron',
    cron: '0 9 * * 1-5',
    timezone: ownZone(),
    count: '1',
    unit: 'hours'
  });
  const targets = targetsOf(view.version, list.versions, trans);
  const [target, setTarget] = React.useState(0);
  const [missed, setMissed] = React.useState<Missed>('latest');
  const [filled, setFilled] = React.useState<unknown>(undefined);
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<string | null>(null);
  const [errors, setErrors] = React.useState<ErrorSchema>(NO_ERRORS);
  const parameters = React.useMemo(
    () => parametersOf(view.json_schema, trans),
    [view, trans]
  );
  const asked = whenOf(when);
  const times = useTimes(asked, list.home);
  const create = (): void => {
    const { inputs, wrong } = inputsOf(filled, parameters);
    if (!model || asked === null || wrong.length > 0) {
      setErrors(errorsAt(wrong));
      return;
    }
    const tag = targets[target]?.tag ?? null;
    setBusy(true);
    setProblem(null);
    setErrors(NO_ERRORS);
    createSchedule(model.api, list.home, {
      name: name.trim(),
      flow: view.flow,
      ...(tag === null ? { version: view.version } : { tag }),
      ...asked,
      inputs: changedOf(inputs, view.json_schema),
      missed
    }).then(onClose, (refused: unknown) => {
      const { places = [] } =
        refused instanceof ApiError ? refused.failure : {};
      // A place in the inputs is told there, everything else below the form.
      const isOfInputs = refused instanceof ApiError && refused.status === 422;
      setErrors(isOfInputs ? errorsAt(places) : NO_ERRORS);
      setProblem(isOfInputs && places.length > 0 ? null : problemText(refused));
      setBusy(false);
    });
  };
  return (
    <form
      className="jp-kitaru-form jp-kitaru-schedule-form"
      aria-label={trans.__('New schedule')}
      // Letters that are typed here are no shortcuts.
      data-lm-suppress-shortcuts="true"
      onSubmit={event => {
        event.preventDefault();
        create();
      }}
    >
      <div className="jp-kitaru-field">
        <label className="jp-kitaru-label" htmlFor={`${id}-name`}>
          {trans.__('Name')}
        </label>
        <input
          ref={first}
          id={`${id}-name`}
          type="text"
          value={name}
          required
          pattern="[^\s\/]+"
          title={trans.__('A word without blanks and slashes')}
          placeholder={trans.__('nightly')}
          autoComplete="off"
          spellCheck={false}
          onChange={event => {
            setName(event.target.value);
          }}
        />
      </div>
      <Due id={id} when={when} onChange={setWhen} />
      <Told asked={asked} times={times} />
      <div className="jp-kitaru-field">
        <label className="jp-kitaru-label" htmlFor={`${id}-target`}>
          {trans.__('Invokes')}
        </label>
        <select
          id={`${id}-target`}
          value={target}
          onChange={event => {
            setTarget(Number(event.target.value));
          }}
        >
          {targets.map(({ tag, text }, index) => (
            <option key={tag ?? ''} value={index}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <div className="jp-kitaru-field">
        <label className="jp-kitaru-label" htmlFor={`${id}-missed`}>
          {trans.__('Missed runs')}
        </label>
        <select
          id={`${id}-missed`}
          value={missed}
          aria-describedby={`${id}-missed-help`}
          onChange={event => {
            setMissed(event.target.value as Missed);
          }}
        >
          <option value="latest">{trans.__('Make up for the last one')}</option>
          <option value="all">{trans.__('Make up for each')}</option>
          <option value="skip">{trans.__('Leave them out')}</option>
        </select>
        <p id={`${id}-missed-help`} className="jp-kitaru-dim">
          {trans.__(
            'A run is missed if this machine was off or asleep when it was due.'
          )}
        </p>
      </div>
      {!parameters.isEmpty && (
        <fieldset className="jp-kitaru-inputs">
          <legend className="jp-kitaru-label">
            {trans.__('Inputs of each run')}
          </legend>
          <p className="jp-kitaru-dim">
            {trans.__(
              'What stays as it is follows the defaults of the version that runs.'
            )}
          </p>
          <SchemaForm
            id={`${id}-inputs`}
            schema={parameters.schema}
            drawing={parameters.drawing}
            question={trans.__('Inputs of each run')}
            value={filled}
            errors={errors}
            disabled={busy}
            isPart
            isQuiet
            onChange={setFilled}
          />
        </fieldset>
      )}
      {problem && (
        <div className="jp-kitaru-field-error" role="alert">
          {problem}
        </div>
      )}
      <div className="jp-kitaru-buttons">
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={busy || asked === null || times?.problem !== undefined}
        >
          {trans.__('Create')}
        </button>
        <button
          type="button"
          className="jp-mod-styled jp-mod-reject"
          onClick={onClose}
        >
          {trans.__('Cancel')}
        </button>
      </div>
    </form>
  );
}

/**
 * By the calendar or after a while: the fields of one of them.
 */
function Due(props: {
  id: string;
  when: IFilled;
  onChange(when: IFilled): void;
}): React.JSX.Element {
  const { id, when, onChange } = props;
  const { trans } = useEnvironment();
  const known = React.useMemo(zones, []);
  const change = (changed: Partial<IFilled>): void => {
    onChange({ ...when, ...changed });
  };
  return (
    <>
      <fieldset>
        <legend className="jp-kitaru-label">{trans.__('When')}</legend>
        {(['cron', 'every'] as const).map(kind => (
          <label key={kind}>
            <input
              type="radio"
              name={`${id}-kind`}
              checked={when.kind === kind}
              onChange={() => {
                change({ kind });
              }}
            />
            {kind === 'cron'
              ? trans.__('At times of the day or week')
              : trans.__('Again and again after a while')}
          </label>
        ))}
      </fieldset>
      {when.kind === 'cron' ? (
        <>
          <div className="jp-kitaru-field">
            <label className="jp-kitaru-label" htmlFor={`${id}-cron`}>
              {trans.__('Cron expression')}
            </label>
            <input
              id={`${id}-cron`}
              className="jp-kitaru-code"
              type="text"
              value={when.cron}
              required
              aria-describedby={`${id}-cron-help`}
              autoComplete="off"
              spellCheck={false}
              onChange={event => {
                change({ cron: event.target.value });
              }}
            />
            <p id={`${id}-cron-help`} className="jp-kitaru-dim">
              {trans.__(
                'Minute, hour, day of the month, month, day of the week. * is any, */15 each 15th, 1-5 Monday to Friday.'
              )}
            </p>
          </div>
          <div className="jp-kitaru-field">
            <label className="jp-kitaru-label" htmlFor={`${id}-zone`}>
              {trans.__('Time zone')}
            </label>
            <input
              id={`${id}-zone`}
              type="text"
              value={when.timezone}
              required
              list={`${id}-zones`}
              autoComplete="off"
              spellCheck={false}
              onChange={event => {
                change({ timezone: event.target.value });
              }}
            />
            <datalist id={`${id}-zones`}>
              {known.map(zone => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </div>
        </>
      ) : (
        <div className="jp-kitaru-field">
          <label className="jp-kitaru-label" htmlFor={`${id}-count`}>
            {trans.__('Every')}
          </label>
          <div className="jp-kitaru-every">
            <input
              id={`${id}-count`}
              type="number"
              min="0"
              step="any"
              value={when.count}
              required
              onChange={event => {
                change({ count: event.target.value });
              }}
            />
            <select
              aria-label={trans.__('Unit')}
              value={when.unit}
              onChange={event => {
                change({ unit: event.target.value as Unit });
              }}
            >
              {(Object.keys(UNITS) as Unit[]).map(unit => (
                <option key={unit} value={unit}>
                  {unitText(unit, trans)}
                </option>
              ))}
            </select>
          </div>
        </div>
      )}
    </>
  );
}

/**
 * What the times mean: in words, and the next ones by the reader's own clock.
 */
function Told(props: {
  asked: When | null;
  times: ITimes | null;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { asked, times } = props;
  if (asked !== null && times?.problem !== undefined) {
    return (
      <div className="jp-kitaru-field-error" role="alert">
        {times.problem}
      </div>
    );
  }
  return (
    <p className="jp-kitaru-due" role="status">
      {asked !== null && times?.view && (
        <>
          <strong>{times.view.in_words}.</strong>{' '}
          {trans.__('Next: %1', times.view.next_runs.map(moment).join(' · '))}
        </>
      )}
    </p>
  );
}

interface ITimes {
  readonly view?: TimesView;
  /** Why there are none. */
  readonly problem?: string;
}

/**
 * Ask the server what is meant, once nobody types.
 */
function useTimes(asked: When | null, home: string | null): ITimes | null {
  const { model } = useEnvironment();
  const [times, setTimes] = React.useState<ITimes | null>(null);
  const text = JSON.stringify(asked);
  React.useEffect(() => {
    const when = JSON.parse(text) as When | null;
    if (!model || when === null) {
      setTimes(null);
      return;
    }
    let current = true;
    const tell = (told: ITimes): void => {
      if (current) {
        setTimes(told);
      }
    };
    const timer = window.setTimeout(() => {
      getTimes(model.api, home, when).then(
        view => {
          tell({ view });
        },
        (error: unknown) => {
          tell({ problem: problemText(error) });
        }
      );
    }, PAUSE);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [model, text, home]);
  return times;
}
