import * as React from 'react';

import { useEnvironment } from '../components/context';
import { count, duration } from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import type { CallView } from '../documents';
import { barsOf, type IBar } from './bars';
import type { Calls } from './calls';
import { failedText, nameOf, rowStatus, tookOf } from './rowText';
import { failedOf, type TimelineRow } from './rows';
import { placed, share, type ISpan } from './span';

/**
 * The bars of a row, and how long it took.
 */
export function Bars(props: {
  row: TimelineRow;
  call: CallView | undefined;
  calls: Calls;
  span: ISpan;
  now: number;
}): React.JSX.Element {
  const { row, call, calls, span, now } = props;
  const { trans } = useEnvironment();
  const bars = barsIn(row, call, calls);
  const last = bars[bars.length - 1];
  const start = share(bars[0]?.from ?? 0, span);
  const end = last ? share(last.to ?? now, span) : 0;
  const before = end > 0.85 && start > 0.35;
  const took = tookOf(row, call, now);
  return (
    <>
      {bars.map((bar, index) => (
        <Bar key={index} bar={bar} span={span} now={now} />
      ))}
      {took !== null && end >= 0 && end <= 1 && (
        <span
          className="jp-kitaru-bar-text"
          style={
            before
              ? { right: `${100 * (1 - start)}%` }
              : { left: `${100 * end}%` }
          }
        >
          {duration(took)}
          {call && call.attempts > 1 && (
            <span className="jp-kitaru-tries">
              {' · '}
              {trans._n(
                '%1 attempt',
                '%1 attempts',
                call.attempts,
                call.attempts
              )}
            </span>
          )}
        </span>
      )}
    </>
  );
}

function barsIn(
  row: TimelineRow,
  call: CallView | undefined,
  calls: Calls
): IBar[] {
  const attempts =
    call && 'owner' in row ? calls.attempts(row.owner, call) : null;
  return (
    attempts ??
    barsOf(call && row.kind === 'paged' ? { ...row, kind: 'call', call } : row)
  );
}

function Bar(props: {
  bar: IBar;
  span: ISpan;
  now: number;
}): React.JSX.Element | null {
  const { bar, span, now } = props;
  const goesOn = bar.status === 'running' || bar.status === 'waiting';
  const to = bar.to ?? (goesOn ? now : bar.from);
  const style = placed(bar.from, to, span);
  return (
    style && (
      <span
        className={`jp-kitaru-bar-${bar.status} jp-kitaru-time-bar`}
        style={style}
      />
    )
  );
}

/**
 * The name of a row, and how many of its calls failed.
 */
export function SpanName(props: {
  row: TimelineRow;
  call: CallView | undefined;
  onFailed(): void;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { row, call } = props;
  const text = nameOf(row, call, trans);
  return (
    <span
      className="jp-kitaru-span-name"
      style={{ paddingLeft: 8 + (row.level - 1) * 16 }}
    >
      <span
        className={'open' in row ? 'jp-kitaru-caret' : 'jp-kitaru-no-caret'}
        aria-hidden="true"
      />
      {row.kind !== 'lane' && row.kind !== 'each' && (
        <StatusIcon status={rowStatus(row, call)} decorative />
      )}
      <span
        className={`jp-kitaru-name ${row.kind === 'lane' ? 'jp-kitaru-dim' : ''}`}
        title={text}
      >
        {text}
      </span>
      <Failed row={row} onFailed={props.onFailed} />
    </span>
  );
}

/**
 * Leads to the calls that failed. No button, as the focus stays in the tree, where a key does the same.
 */
function Failed(props: {
  row: TimelineRow;
  onFailed(): void;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  const text = failedText(props.row, trans);
  return text === null ? null : (
    <span
      className="jp-kitaru-failed"
      title={trans._n(
        'Show the call that failed (F)',
        'Show the calls that failed (F)',
        failedOf(props.row)
      )}
      onClick={event => {
        event.stopPropagation();
        props.onFailed();
      }}
    >
      <span className="jp-kitaru-failed-text">{text}</span>
      <span className="jp-kitaru-failed-count">
        {count(failedOf(props.row))}
      </span>
    </span>
  );
}
