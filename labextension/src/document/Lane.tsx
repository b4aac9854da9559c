import * as React from 'react';

import { useEnvironment } from '../components/context';
import { count, duration, statusText } from '../components/format';
import type { SpanView } from '../documents';
import type { AnyStatus } from '../icons';
import type { Calls } from './calls';
import type { TimelineRow } from './rows';
import { around, placed, type ISpan } from './span';
import type { ISelected } from './Timeline';
import type { IZoom } from './zoom';

type Bundle = ReturnType<typeof useEnvironment>['trans'];

/**
 * The bars of a lane: calls that did not overlap.
 */
export function Lane(props: {
  bars: readonly SpanView[];
  owner: string;
  span: ISpan;
  now: number;
  /** Index of the current bar. */
  cursor: number;
  onChoose(index: number): void;
}): React.JSX.Element {
  const { bars, owner, span, now } = props;
  const { trans } = useEnvironment();
  return (
    <>
      {bars.map((bar, index) => {
        const style = placed(bar.start, bar.end ?? now, span);
        return (
          style && (
            <span
              key={`${bar.name} ${bar.calls}`}
              className={`jp-kitaru-bar-${bar.status} jp-kitaru-time-bar jp-kitaru-lane-bar ${
                index === props.cursor ? 'jp-mod-current' : ''
              }`}
              style={style}
              title={barText(bar, now, trans)}
              {...(bar.calls === 1
                ? {
                    'data-kitaru-execution': owner,
                    'data-kitaru-call': bar.name
                  }
                : {})}
              onClick={event => {
                event.stopPropagation();
                props.onChoose(index);
              }}
            />
          )
        );
      })}
    </>
  );
}

/**
 * What a bar stands for.
 */
export function barText(bar: SpanView, now: number, trans: Bundle): string {
  const took = duration((bar.end ?? now) - bar.start);
  return bar.calls === 1
    ? `${bar.name}, ${statusText(trans, bar.status as AnyStatus)}, ${took}`
    : trans.__(
        '%1 calls from %2 on, %3: zoom in to tell them apart',
        count(bar.calls),
        bar.name,
        took
      );
}

type LaneRow = Extract<TimelineRow, { kind: 'lane' }>;

interface IBars {
  of(row: LaneRow): readonly SpanView[];
  /** Index of the bar that is the current one of a lane. */
  cursorIn(row: LaneRow): number;
  at(row: LaneRow): SpanView | undefined;
  choose(row: LaneRow, index: number): void;
  /** Go to the next bar or the one before; false if there is none before. */
  step(row: LaneRow, by: number): boolean;
}

/**
 * The bars of lanes, each of which stands for a call or for several.
 */
export function useBars(
  props: {
    calls: Calls;
    now: number;
    selected: ISelected | null;
    onSelect(selected: ISelected): void;
  },
  zoom: IZoom
): IBars {
  const { calls, now, selected, onSelect } = props;
  const [cursor, setCursor] = React.useState({ key: '', bar: 0 });
  const of = (row: LaneRow): readonly SpanView[] =>
    calls.lanes.at(row.lanes, row.index);
  const cursorIn = (row: LaneRow): number =>
    row.key === cursor.key ? cursor.bar : 0;
  return {
    of,
    cursorIn,
    at: row => of(row)[cursorIn(row)],
    choose: (row, index) => {
      const bar = of(row)[index];
      setCursor({ key: row.key, bar: index });
      if (bar?.calls === 1) {
        onSelect({ call: bar.name, owner: row.owner });
      } else if (bar) {
        zoom.show(around(bar.start, bar.end ?? now, zoom.whole));
      }
    },
    step: (row, by) => {
      const next = cursorIn(row) + by;
      const bar = of(row)[next];
      if (bar) {
        setCursor({ key: row.key, bar: next });
        if (selected && bar.calls === 1) {
          onSelect({ call: bar.name, owner: row.owner });
        }
      }
      return bar !== undefined || by > 0;
    }
  };
}
