import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ICallDetail } from '../api';
import { CommandIDs } from '../commands';
import { CallDetails } from '../components/CallDetails';
import { Environment, useEnvironment } from '../components/context';
import { duration, statusText } from '../components/format';
import { Heading } from '../components/Heading';
import { StatusIcon } from '../components/StatusIcon';
import type { CallView } from '../documents';
import type { AnyStatus } from '../icons';
import { Artifacts } from './Artifacts';
import { useApplication } from './environment';
import type { ISelected } from './Timeline';

/**
 * Everything about the call that was chosen in the timeline.
 */
export function CallPane(props: {
  call: CallView | null;
  selected: ISelected;
  notebook: string | null;
  onReplay(call: string): void;
  onClose(): void;
}): React.JSX.Element {
  const environment = useEnvironment();
  const { trans, live } = environment;
  const { commands } = useApplication();
  const { selected } = props;
  const found = useCall(props.call, selected);
  const home = live?.home ?? null;
  const inner = React.useMemo(
    () => ({ ...environment, live: { execId: selected.owner, home } }),
    [environment, selected.owner, home]
  );
  return (
    <aside
      className="jp-kitaru-pane"
      aria-label={trans.__('Call %1', selected.call)}
      data-kitaru-execution={selected.owner}
      data-kitaru-call={selected.call}
    >
      <header className="jp-kitaru-pane-header">
        {found && <StatusIcon status={found.status} />}
        <h3 className="jp-kitaru-heading">{selected.call}</h3>
        <button
          className="jp-kitaru-icon-button"
          title={trans.__('Close')}
          aria-label={trans.__('Close the call’s details')}
          onClick={props.onClose}
        >
          <closeIcon.react tag="span" width="16px" height="16px" />
        </button>
      </header>
      <div className="jp-kitaru-pane-actions">
        <button
          className="jp-kitaru-link"
          onClick={() => {
            props.onReplay(selected.call);
          }}
          hidden={selected.owner !== live?.execId}
        >
          {trans.__('Replay from here…')}
        </button>
        {props.notebook && commands.hasCommand(CommandIDs.openNotebook) && (
          <button
            className="jp-kitaru-link"
            onClick={() => {
              void commands.execute(CommandIDs.openNotebook, {
                path: props.notebook,
                name: found?.checkpoint ?? selected.call
              });
            }}
          >
            {trans.__('Show its cell')}
          </button>
        )}
      </div>
      {found && (
        <Environment.Provider value={inner}>
          <CallDetails
            key={`${selected.owner} ${found.name}`}
            call={found}
            more={detail => <More detail={detail} />}
          />
        </Environment.Provider>
      )}
    </aside>
  );
}

function More({ detail }: { detail: ICallDetail }): React.JSX.Element {
  const { trans } = useEnvironment();
  const { artifacts } = detail;
  return (
    <>
      {detail.attempt_list.length > 1 && (
        <section>
          <Heading>{trans.__('Attempts')}</Heading>
          <ol className="jp-kitaru-attempts">
            {detail.attempt_list.map(attempt => (
              <li key={attempt.attempt}>
                <StatusIcon status={attempt.status as AnyStatus} decorative />
                <span>
                  {statusText(trans, attempt.status as AnyStatus)}
                  {attempt.started_at !== null && attempt.ended_at !== null
                    ? ` · ${duration(attempt.ended_at - attempt.started_at)}`
                    : ''}
                </span>
                {attempt.failure && (
                  <span className="jp-kitaru-bad">
                    {attempt.failure.message}
                  </span>
                )}
              </li>
            ))}
          </ol>
        </section>
      )}
      {detail.parents.length > 0 && (
        <p className="jp-kitaru-dim">
          {trans.__('It depends on %1.', detail.parents.join(', '))}
        </p>
      )}
      {artifacts.length > 0 && (
        <section>
          <Heading>{trans.__('Stored values')}</Heading>
          <Artifacts artifacts={artifacts} />
        </section>
      )}
    </>
  );
}

/**
 * The call as the document shows it, or as the server answers if the document leaves it out.
 */
function useCall(shown: CallView | null, selected: ISelected): CallView | null {
  const { model, live } = useEnvironment();
  const [asked, setAsked] = React.useState<CallView | null>(null);
  const home = live?.home ?? null;
  const missing = shown === null;
  React.useEffect(() => {
    let current = true;
    setAsked(null);
    if (missing && model) {
      const { owner: execId, call } = selected;
      model.api.call({ execId, home }, call).then(
        detail => {
          if (current) {
            setAsked(detail);
          }
        },
        () => {
          // The row stays empty; the document says why the server cannot be asked.
        }
      );
    }
    return () => {
      current = false;
    };
  }, [model, home, selected, missing]);
  return shown ?? asked;
}
