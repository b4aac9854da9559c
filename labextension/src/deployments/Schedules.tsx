import * as React from 'react';

import { useEnvironment } from '../components/context';
import { duration, moment } from '../components/format';
import { problemText } from '../components/problem';
import type {
  DeploymentSummary,
  DeploymentView,
  ScheduleView
} from '../documents';
import type { Deployments } from './list';
import { deleteSchedule, setPaused } from './routes';
import { DEFAULT_TAG } from './tags';

const ScheduleForm = React.lazy(async () => ({
  default: (await import('./ScheduleForm')).ScheduleForm
}));

/**
 * When the flow is invoked by itself.
 */
export function Schedules(props: {
  list: Deployments;
  summary: DeploymentSummary;
  /** Null before it is known what the version takes. */
  view: DeploymentView | null;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const [isNew, setNew] = React.useState(false);
  const { list, summary, view } = props;
  const { schedules, home } = list;
  const close = (): void => {
    setNew(false);
  };
  return (
    <section className="jp-kitaru-part" aria-label={trans.__('Schedules')}>
      <div className="jp-kitaru-version-title">
        <h4>{trans.__('Schedules')}</h4>
        {view && !isNew && (
          <button
            className="jp-kitaru-link"
            onClick={() => {
              setNew(true);
            }}
          >
            {trans.__('New schedule…')}
          </button>
        )}
      </div>
      {schedules.length > 0 && (
        <ul className="jp-kitaru-schedules">
          {schedules.map(schedule => (
            <Schedule key={schedule.name} schedule={schedule} home={home} />
          ))}
        </ul>
      )}
      {schedules.length === 0 && !isNew && (
        <p className="jp-kitaru-dim">
          {trans.__('No clock invokes %1 yet.', summary.flow)}
        </p>
      )}
      {view && isNew && (
        <React.Suspense
          fallback={
            <p className="jp-kitaru-dim">{trans.__('Loading the form…')}</p>
          }
        >
          <ScheduleForm view={view} list={list} onClose={close} />
        </React.Suspense>
      )}
    </section>
  );
}

function Schedule(props: {
  schedule: ScheduleView;
  home: string | null;
}): React.JSX.Element {
  const { trans, model, open } = useEnvironment();
  const { schedule, home } = props;
  const { name, paused, last_error: error, last_exec_id: last } = schedule;
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<string | null>(null);
  React.useEffect(() => {
    setBusy(false);
  }, [schedule]);
  const act = (asked: Promise<unknown>): void => {
    setBusy(true);
    setProblem(null);
    asked.catch((refused: unknown) => {
      setBusy(false);
      setProblem(problemText(refused));
    });
  };
  const remove = async (): Promise<void> => {
    const { agreesToDelete } = await import('./agreeing');
    if (model && (await agreesToDelete(name, trans))) {
      act(deleteSchedule(model.api, home, name));
    }
  };
  const inputs = JSON.stringify(schedule.inputs);
  return (
    <li>
      <div className="jp-kitaru-schedule">
        <strong>{name}</strong>
        <span title={schedule.in_words}>{whenText(schedule, trans)}</span>
        <span className="jp-kitaru-dim">
          {schedule.version === null
            ? trans.__('tag %1', schedule.tag ?? DEFAULT_TAG)
            : trans.__('version %1', schedule.version)}
        </span>
        {inputs !== '{}' && (
          <code className="jp-kitaru-dim" title={inputs}>
            {inputs}
          </code>
        )}
        <span className="jp-kitaru-turns">
          <button
            className="jp-mod-styled jp-mod-reject"
            disabled={busy}
            aria-label={
              paused ? trans.__('Resume %1', name) : trans.__('Pause %1', name)
            }
            onClick={() => {
              if (model) {
                act(setPaused(model.api, home, name, !paused));
              }
            }}
          >
            {paused ? trans.__('Resume') : trans.__('Pause')}
          </button>
          <button
            className="jp-kitaru-link"
            disabled={busy}
            aria-label={trans.__('Delete %1', name)}
            onClick={() => {
              void remove();
            }}
          >
            {trans.__('Delete')}
          </button>
        </span>
      </div>
      <div className="jp-kitaru-dim">
        {paused
          ? trans.__('Paused: it invokes nothing.')
          : trans.__('Next: %1', schedule.next_runs.map(moment).join(' · '))}
        {last !== null && (
          <>
            {' '}
            <button
              className="jp-kitaru-link"
              onClick={() => {
                open?.({ execId: last, home });
              }}
            >
              {trans.__('Last run')}
            </button>
          </>
        )}
      </div>
      {(problem ?? error) && (
        <div className="jp-kitaru-field-error" role="alert">
          {problem ?? trans.__('The last time nothing was invoked: %1', error)}
        </div>
      )}
    </li>
  );
}

type Bundle = ReturnType<typeof useEnvironment>['trans'];

function whenText(
  { cron, every, timezone, in_words: words }: ScheduleView,
  trans: Bundle
): string {
  return cron === null
    ? trans.__('every %1', duration(every ?? 0))
    : `${words}, ${timezone}`;
}
