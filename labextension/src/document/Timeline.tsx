import { addIcon, LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useEnvironment } from '../components/context';
import { count, duration, elapsed, statusText } from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import { VirtualTree, type ITreeRow } from '../components/VirtualTree';
import type { CallView, ExecutionView } from '../documents';
import type { AnyStatus } from '../icons';
import type { Calls } from './calls';
import { barText, Lane } from './Lane';
import {
  around,
  barsOf,
  groupStatus,
  moved,
  placed,
  rowsOf,
  share,
  spanOf,
  tickText,
  ticksOf,
  zoomed,
  type IBar,
  type ISpan,
  type TimelineRow
} from './timeline';

const ROW_HEIGHT = 24;

export interface ISelected {
  readonly call: string;
  /** The execution that made the call: this one or a child. */
  readonly owner: string;
}

/**
 * What ran when: a row for each call, which is opened by choosing it.
 */
export function Timeline(props: {
  view: ExecutionView;
  calls: Calls;
  now: number;
  selected: ISelected | null;
  onSelect(selected: ISelected): void;
}): React.JSX.Element {
  const { view, calls, now } = props;
  const { trans, open: openExecution, live } = useEnvironment();
  const [opened, setOpened] = React.useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = React.useState(-1);
  const whole = spanOf(view, now);
  const { span, zoom, move, fit, show, zoomedIn } = useZoom(whole);
  const [cursor, setCursor] = React.useState({ key: '', bar: 0 });
  const rows = React.useMemo(
    () => rowsOf(view, opened, key => calls.lanes.of(key)?.lanes.length ?? 0),
    [view, opened, calls.version]
  );
  const sighted = zoomedIn ? span : null;
  React.useEffect(() => {
    calls.know(rows, sighted);
  }, [calls, rows, sighted]);
  const fold = (row: TimelineRow, open: boolean): void => {
    const next = new Set(opened);
    if (open) {
      next.add(row.key);
    } else {
      next.delete(row.key);
    }
    setOpened(next);
  };
  const sight = React.useCallback(
    (first: number, last: number) => {
      calls.sight(rows.slice(first, last + 1));
    },
    [calls, rows]
  );
  const choose = (row: TimelineRow): void => {
    const call = calls.of(row);
    if (call && 'owner' in row) {
      props.onSelect({ call: call.name, owner: row.owner });
    } else if (row.kind === 'lane') {
      chooseBar(row, cursorIn(row));
    }
  };
  const cursorIn = (row: TimelineRow): number =>
    row.key === cursor.key ? cursor.bar : 0;
  const chooseBar = (row: LaneRow, index: number): void => {
    const bar = calls.lanes.at(row.lanes, row.index)[index];
    setCursor({ key: row.key, bar: index });
    if (bar?.calls === 1) {
      props.onSelect({ call: bar.name, owner: row.owner });
    } else if (bar) {
      show(around(bar.start, bar.end ?? now, whole));
    }
  };
  const step = (row: TimelineRow | undefined, by: number): boolean => {
    if (row?.kind !== 'lane') {
      return false;
    }
    const next = cursorIn(row) + by;
    const bar = calls.lanes.at(row.lanes, row.index)[next];
    if (bar) {
      setCursor({ key: row.key, bar: next });
      if (props.selected && bar.calls === 1) {
        props.onSelect({ call: bar.name, owner: row.owner });
      }
    }
    return bar !== undefined || by > 0;
  };
  const rowAt = (index: number): ITreeRow | null => {
    const row = rows[index];
    if (!row) {
      return null;
    }
    const call = calls.of(row);
    return {
      key: row.key,
      level: row.level,
      expanded: 'open' in row ? row.open : undefined,
      label: spoken(row, call, now, trans),
      className: 'jp-kitaru-span',
      ...(call && 'owner' in row
        ? {
            data: {
              'data-kitaru-execution': row.owner,
              'data-kitaru-call': call.name
            }
          }
        : {}),
      content:
        row.kind === 'lane' ? (
          <>
            <SpanName row={row} call={undefined} />
            <span className="jp-kitaru-track">
              <Lane
                bars={calls.lanes.at(row.lanes, row.index)}
                owner={row.owner}
                span={span}
                now={now}
                cursor={index === active ? cursorIn(row) : -1}
                onChoose={bar => {
                  setActive(index);
                  chooseBar(row, bar);
                }}
              />
            </span>
          </>
        ) : (
          <Span row={row} call={call} calls={calls} span={span} now={now} />
        )
    };
  };
  const here = rows[active];
  const current =
    here?.kind === 'lane'
      ? calls.lanes.at(here.lanes, here.index)[cursorIn(here)]
      : undefined;
  return (
    <section
      className="jp-kitaru-timeline"
      aria-label={trans.__('Timeline')}
      onWheel={event => {
        if (event.ctrlKey || event.metaKey) {
          zoom(event.deltaY > 0 ? 1.25 : 0.8, at(event, span));
        } else if (event.deltaX !== 0 || event.shiftKey) {
          move((event.deltaX || event.deltaY) / 500);
        }
      }}
    >
      <div className="jp-kitaru-axis">
        <span className="jp-kitaru-zoom">
          <Tool
            icon={zoomOutIcon}
            label={trans.__('Zoom out (−)')}
            disabled={!zoomedIn}
            onClick={() => {
              zoom(1.6);
            }}
          />
          <Tool
            icon={addIcon}
            label={trans.__('Zoom in (+)')}
            onClick={() => {
              zoom(0.625);
            }}
          />
          <Tool
            icon={fitIcon}
            label={trans.__('Show the whole time (0)')}
            disabled={!zoomedIn}
            onClick={fit}
          />
        </span>
        <Axis span={span} start={whole.from} />
      </div>
      <VirtualTree
        label={trans.__('Calls')}
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        row={rowAt}
        active={Math.min(active, rows.length - 1)}
        onActive={index => {
          setActive(index);
          const row = rows[index];
          if (row && props.selected) {
            choose(row);
          }
        }}
        onSight={sight}
        onFold={(index, open) => {
          const row = rows[index];
          if (row) {
            fold(row, open);
          }
        }}
        onOpen={index => {
          const row = rows[index];
          if (row?.kind === 'child' && row.open) {
            openExecution?.({
              execId: row.child.exec_id,
              home: live?.home ?? null
            });
          } else if (row && 'open' in row) {
            fold(row, !row.open);
          } else if (row) {
            choose(row);
          }
        }}
        onStep={(index, by) => step(rows[index], by)}
        onKey={event => {
          const act = {
            '+': () => {
              zoom(0.625);
            },
            '=': () => {
              zoom(0.625);
            },
            '-': () => {
              zoom(1.6);
            },
            '0': fit,
            '<': () => {
              move(-0.2);
            },
            '>': () => {
              move(0.2);
            }
          }[event.key];
          if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
            act();
            event.preventDefault();
            event.stopPropagation();
          }
        }}
      />
      <span className="jp-kitaru-unseen" role="status">
        {current && barText(current, now, trans)}
      </span>
    </section>
  );
}

type LaneRow = Extract<TimelineRow, { kind: 'lane' }>;

const zoomOutIcon = new LabIcon({
  name: 'kitaru:zoom-out',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M5 11h14v2H5z"/></svg>'
});

const fitIcon = new LabIcon({
  name: 'kitaru:fit',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M3 5h2v14H3zM19 5h2v14h-2zM6 12l4-4v3h4V8l4 4-4 4v-3h-4v3z"/></svg>'
});

function Tool(props: {
  icon: LabIcon;
  label: string;
  disabled?: boolean;
  onClick(): void;
}): React.JSX.Element {
  return (
    <button
      className="jp-kitaru-icon-button"
      title={props.label}
      aria-label={props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" width="16px" height="16px" />
    </button>
  );
}

interface IZoom {
  span: ISpan;
  zoomedIn: boolean;
  zoom(factor: number, at?: number): void;
  move(share: number): void;
  fit(): void;
  show(span: ISpan): void;
}

/**
 * The time in sight; without a zoom it grows with the execution.
 */
function useZoom(whole: ISpan): IZoom {
  const [chosen, setChosen] = React.useState<ISpan | null>(null);
  const span = chosen ?? whole;
  return {
    span,
    zoomedIn: chosen !== null,
    zoom: (factor, moment) => {
      setChosen(
        zoomed(span, whole, factor, moment ?? (span.from + span.to) / 2)
      );
    },
    move: share => {
      if (chosen) {
        setChosen(moved(chosen, whole, share));
      }
    },
    fit: () => {
      setChosen(null);
    },
    show: setChosen
  };
}

/**
 * The moment under the pointer.
 */
function at(event: React.WheelEvent, span: ISpan): number | undefined {
  const track = event.currentTarget.querySelector('.jp-kitaru-ticks');
  const box = track?.getBoundingClientRect();
  if (!box || box.width === 0) {
    return undefined;
  }
  const share = Math.max(
    0,
    Math.min(1, (event.clientX - box.left) / box.width)
  );
  return span.from + share * (span.to - span.from);
}

function Axis(props: { span: ISpan; start: number }): React.JSX.Element {
  const { span, start } = props;
  const ticks = ticksOf(span, start, 6);
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  return (
    <div className="jp-kitaru-ticks" aria-hidden="true">
      {ticks.map(tick => (
        <span
          key={tick}
          className="jp-kitaru-tick"
          style={{ left: `${100 * share(start + tick, span)}%` }}
        >
          {tickText(tick, step)}
        </span>
      ))}
    </div>
  );
}

/**
 * A row's name and its bars.
 */
function Span(props: {
  row: TimelineRow;
  call: CallView | undefined;
  calls: Calls;
  span: ISpan;
  now: number;
}): React.JSX.Element {
  const { row, call, calls, span, now } = props;
  const { trans } = useEnvironment();
  const attempts =
    call && 'owner' in row ? calls.attempts(row.owner, call) : null;
  const bars =
    attempts ??
    (call && row.kind === 'paged'
      ? barsOf({ ...row, kind: 'call', call })
      : barsOf(row));
  const last = bars[bars.length - 1];
  const start = share(bars[0]?.from ?? 0, span);
  const end = last ? share(last.to ?? now, span) : 0;
  const before = end > 0.85 && start > 0.35;
  const took = tookOf(row, call, now);
  return (
    <>
      <SpanName row={row} call={call} />
      <span className="jp-kitaru-track">
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
            {call && call.attempts > 1
              ? ` · ${trans._n('%1 attempt', '%1 attempts', call.attempts, call.attempts)}`
              : ''}
          </span>
        )}
      </span>
    </>
  );
}

function SpanName(props: {
  row: TimelineRow;
  call: CallView | undefined;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { row, call } = props;
  const text = nameOf(row, call, trans);
  return (
    <span
      className="jp-kitaru-span-name"
      style={{ paddingLeft: 8 + (row.level - 1) * 16 }}
    >
      {'open' in row ? (
        <span className="jp-kitaru-caret" aria-hidden="true" />
      ) : (
        <span className="jp-kitaru-no-caret" />
      )}
      {row.kind !== 'lane' && row.kind !== 'each' && (
        <StatusIcon status={rowStatus(row, call)} decorative />
      )}
      <span
        className={`jp-kitaru-name ${row.kind === 'lane' ? 'jp-kitaru-dim' : ''}`}
        title={text}
      >
        {text}
      </span>
    </span>
  );
}

type Bundle = ReturnType<typeof useEnvironment>['trans'];

function nameOf(
  row: TimelineRow,
  call: CallView | undefined,
  trans: Bundle
): string {
  switch (row.kind) {
    case 'group':
      return trans.__('%1 × %2', row.group.checkpoint, count(row.group.total));
    case 'child':
      return row.child.flow;
    case 'wait':
      return row.wait.question ?? row.wait.name;
    case 'hidden':
      return trans._n(
        '%1 row is left out: show all calls',
        '%1 rows are left out: show all calls',
        row.hidden,
        count(row.hidden)
      );
    case 'lane':
      return trans.__('Lane %1', row.index + 1);
    case 'each':
      return trans.__('%1 calls, one by one', count(row.total));
    default:
      return call?.name ?? '…';
  }
}

function rowStatus(row: TimelineRow, call: CallView | undefined): AnyStatus {
  switch (row.kind) {
    case 'group':
      return groupStatus(row.group);
    case 'child':
      return row.child.status;
    case 'wait':
      return row.wait.status === 'pending'
        ? 'waiting'
        : row.wait.status === 'answered'
          ? 'completed'
          : 'cancelled';
    default:
      return call?.status ?? 'pending';
  }
}

function tookOf(
  row: TimelineRow,
  call: CallView | undefined,
  now: number
): number | null {
  switch (row.kind) {
    case 'group':
      return row.group.duration;
    case 'child':
      return elapsed(row.child, now);
    case 'wait':
      return row.wait.asked_at === null
        ? null
        : (row.wait.ended_at ?? now) - row.wait.asked_at;
    default:
      return call
        ? (call.duration ??
            (call.status === 'running' ? elapsed(call, now) : null))
        : null;
  }
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

function spoken(
  row: TimelineRow,
  call: CallView | undefined,
  now: number,
  trans: Bundle
): string {
  const took = tookOf(row, call, now);
  return [
    nameOf(row, call, trans),
    ['hidden', 'lane', 'each'].includes(row.kind)
      ? ''
      : statusText(trans, rowStatus(row, call)),
    took === null ? '' : duration(took)
  ]
    .filter(part => part !== '')
    .join(', ');
}
