import * as React from 'react';

import { useEnvironment } from '../components/context';
import { count, duration, statusText } from '../components/format';
import type { SpanView } from '../documents';
import type { AnyStatus } from '../icons';
import { placed, type ISpan } from './timeline';

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
