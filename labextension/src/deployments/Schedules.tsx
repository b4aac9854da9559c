import * as React from 'react';

import { useEnvironment } from '../components/context';
import { duration, moment } from '../components/format';
import { problemText } from '../components/problem';
import type { ScheduleView } from '../documents';
import { setPaused } from './routes';
import { DEFAULT_TAG } from './tags';

/**
 * When the flow is invoked by itself.
 */
export function Schedules(props: {
  schedules: readonly ScheduleView[];
  home: string | null;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  if (props.schedules.length === 0) {
    return null;
  }
  return (
    <section className="jp-kitaru-part" aria-label={trans.__('Schedules')}>
      <h4>{trans.__('Schedules')}</h4>
      <ul className="jp-kitaru-schedules">
        {props.schedules.map(schedule => (
          <Schedule key={schedule.name} schedule={schedule} home={props.home} />
        ))}
      </ul>
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
  const turn = (): void => {
    if (model) {
      setBusy(true);
      setProblem(null);
      setPaused(model.api, home, name, !paused).catch((refused: unknown) => {
        setBusy(false);
        setProblem(problemText(refused));
      });
    }
  };
  const inputs = JSON.stringify(schedule.inputs);
  return (
    <li>
      <div className="jp-kitaru-schedule">
        <strong>{name}</strong>
        <span>{whenText(schedule, trans)}</span>
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
        <button
          className="jp-mod-styled jp-mod-reject"
          disabled={busy}
          aria-label={
            paused ? trans.__('Resume %1', name) : trans.__('Pause %1', name)
          }
          onClick={turn}
        >
          {paused ? trans.__('Resume') : trans.__('Pause')}
        </button>
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
  { cron, every, timezone }: ScheduleView,
  trans: Bundle
): string {
  return cron === null
    ? trans.__('every %1', duration(every ?? 0))
    : `${cron} ${timezone}`;
}
