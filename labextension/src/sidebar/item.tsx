import type { TranslationBundle } from '@jupyterlab/translation';
import { Time } from '@jupyterlab/coreutils';
import * as React from 'react';

import {
  cost,
  count,
  duration,
  elapsed,
  invokerText,
  moment,
  statusText
} from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import type { ITreeRow } from '../components/VirtualTree';
import type { ExecutionSummary } from '../documents';

/**
 * What a row shows and says, made once for as long as it says the same: a list that scrolls draws it in every frame.
 */
export type IMade = Pick<ITreeRow, 'content' | 'label' | 'data'>;

export function madeOf(
  execution: ExecutionSummary,
  now: number,
  trans: TranslationBundle,
  /** Whether all are of one flow: then they are titled by their ids. */
  ofOneFlow = false
): IMade {
  const title = ofOneFlow ? execution.exec_id : execution.flow;
  const at = execution.started_at ?? execution.created_at;
  const when = at === null ? '' : ago(at);
  const text = summary(execution, now, trans);
  const status = statusText(trans, execution.status);
  return {
    content: (
      <Item
        execution={execution}
        title={title}
        when={when}
        moment={at === null ? '' : moment(at)}
        text={text}
      />
    ),
    label: [title, status, when, text].join(', '),
    data: {
      'data-kitaru-execution': execution.exec_id,
      'data-kitaru-status': execution.status
    }
  };
}

function Item(props: {
  execution: ExecutionSummary;
  title: string;
  when: string;
  moment: string;
  text: string;
}): React.JSX.Element {
  const { execution, text } = props;
  const bad = execution.status === 'failed' ? 'jp-kitaru-bad' : '';
  return (
    <>
      <StatusIcon status={execution.status} decorative />
      <span className="jp-kitaru-item-text">
        <span className="jp-kitaru-item-line">
          <span className="jp-kitaru-name">{props.title}</span>
          <span className="jp-kitaru-dim jp-kitaru-when" title={props.moment}>
            {props.when}
          </span>
        </span>
        <span
          className={`jp-kitaru-item-line jp-kitaru-dim ${bad}`}
          title={text}
        >
          <span className="jp-kitaru-name">{text}</span>
        </span>
      </span>
    </>
  );
}

/**
 * What matters most: what is asked, what went wrong, else how far it is and what it took.
 */
function summary(
  execution: ExecutionSummary,
  now: number,
  trans: TranslationBundle
): string {
  const { status, failure, totals, waiting_for: questions } = execution;
  if (status === 'failed' && failure) {
    return failure.split('\n', 1)[0] ?? failure;
  }
  if (status === 'waiting' && questions.length > 0) {
    return trans.__('Asks: %1', questions.join(', '));
  }
  const done = totals.completed + totals.reused;
  const running = status === 'running';
  const took =
    running || execution.ended_at !== null ? elapsed(execution, now) : null;
  return [
    running || status === 'completed' ? null : statusText(trans, status),
    done < totals.calls
      ? trans.__('%1 of %2 calls', count(done), count(totals.calls))
      : trans._n('%1 call', '%1 calls', totals.calls, count(totals.calls)),
    took === null ? null : duration(took),
    totals.cost === null ? null : cost(totals.cost),
    invokerText(execution, trans)
  ]
    .filter(part => part !== null)
    .join(' · ');
}

function ago(at: number): string {
  return Time.formatHuman(new Date(at * 1000), 'narrow');
}
