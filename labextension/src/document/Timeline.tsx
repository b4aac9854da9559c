import * as React from 'react';

import { useEnvironment } from '../components/context';
import { VirtualTree, type ITreeRow } from '../components/VirtualTree';
import type { ExecutionView } from '../documents';
import type { Calls } from './calls';
import { barText, Lane, useBars } from './Lane';
import { failedOf, toFailed, type TimelineRow } from './rows';
import { spoken } from './rowText';
import { Bars, SpanName } from './RowContent';
import { spanOf } from './span';
import { useFailed, useRows } from './unfolding';
import { Axis, useZoom, zoomByKey, zoomByWheel } from './zoom';

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
  const { view, calls, now, selected } = props;
  const { trans, open: openExecution, live } = useEnvironment();
  const zoom = useZoom(spanOf(view, now));
  const { rows, fold, unfold } = useRows(view, calls);
  const [activeKey, setActiveKey] = React.useState<string | null>(null);
  const active = React.useMemo(
    () => rows.findIndex(row => row.key === activeKey),
    [rows, activeKey]
  );
  const bars = useBars(props, zoom);
  const sighted = zoom.zoomedIn ? zoom.span : null;
  React.useEffect(() => {
    calls.know(rows, sighted);
  }, [calls, rows, sighted]);
  const sight = React.useCallback(
    (first: number, last: number) => {
      calls.sight(rows.slice(first, last + 1));
    },
    [calls, rows]
  );
  const choose = (row: TimelineRow): void => {
    const call = calls.of(row);
    setActiveKey(row.key);
    if (call && 'owner' in row) {
      props.onSelect({ call: call.name, owner: row.owner });
    } else if (row.kind === 'lane') {
      bars.choose(row, bars.cursorIn(row));
    }
  };
  const { reveal, seek, giveUp } = useFailed(rows, calls, choose);
  const showFailed = (row: TimelineRow | undefined): void => {
    if (row && failedOf(row) > 0) {
      setActiveKey(row.key);
      unfold(toFailed(row));
      seek(row);
    }
  };
  const rowAt = (index: number): ITreeRow | null => {
    const row = rows[index];
    const call = row && calls.of(row);
    return row
      ? {
          key: row.key,
          level: row.level,
          expanded: 'open' in row ? row.open : undefined,
          label: spoken(row, call, now, trans),
          keys: failedOf(row) > 0 ? 'F' : undefined,
          className: 'jp-kitaru-span',
          data: dataOf(row, call?.name),
          content: (
            <>
              <SpanName
                row={row}
                call={call}
                onFailed={() => {
                  showFailed(row);
                }}
              />
              <span className="jp-kitaru-track">
                {row.kind === 'lane' ? (
                  <Lane
                    bars={bars.of(row)}
                    owner={row.owner}
                    span={zoom.span}
                    now={now}
                    cursor={index === active ? bars.cursorIn(row) : -1}
                    onChoose={bar => {
                      setActiveKey(row.key);
                      bars.choose(row, bar);
                    }}
                  />
                ) : (
                  <Bars
                    row={row}
                    call={call}
                    calls={calls}
                    span={zoom.span}
                    now={now}
                  />
                )}
              </span>
            </>
          )
        }
      : null;
  };
  const here = rows[active];
  const current = here?.kind === 'lane' ? bars.at(here) : undefined;
  return (
    <section
      className="jp-kitaru-timeline"
      aria-label={trans.__('Timeline')}
      onWheel={event => {
        zoomByWheel(event, zoom);
      }}
    >
      <Axis zoom={zoom} />
      <VirtualTree
        label={trans.__('Calls')}
        description={trans.__(
          'F leads to the first call that failed. Plus and minus zoom, less than and greater than move, 0 shows the whole time.'
        )}
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        row={rowAt}
        active={active}
        reveal={reveal}
        onActive={index => {
          const row = rows[index];
          const isSeveral = row?.kind === 'lane' && bars.at(row)?.calls !== 1;
          if (row && selected && !isSeveral) {
            choose(row);
          } else {
            setActiveKey(row?.key ?? null);
          }
        }}
        onSight={sight}
        onFold={(index, open) => {
          const row = rows[index];
          giveUp();
          if (row) {
            fold(row, open);
          }
        }}
        onOpen={index => {
          const row = rows[index];
          giveUp();
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
        onStep={(index, by) => {
          const row = rows[index];
          return row?.kind === 'lane' && bars.step(row, by);
        }}
        onKey={event => {
          if (event.ctrlKey || event.metaKey || event.altKey) {
            return;
          }
          if (event.key.toLowerCase() === 'f') {
            showFailed(
              failedOf(here) > 0 ? here : rows.find(row => failedOf(row) > 0)
            );
          } else if (!zoomByKey(event, zoom)) {
            return;
          }
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span className="jp-kitaru-unseen" role="status">
        {current && barText(current, now, trans)}
      </span>
    </section>
  );
}

function dataOf(
  row: TimelineRow,
  call: string | undefined
): Record<`data-${string}`, string> {
  return call !== undefined && 'owner' in row
    ? { 'data-kitaru-execution': row.owner, 'data-kitaru-call': call }
    : {};
}
