import { addIcon, LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useEnvironment } from '../components/context';
import { moved, share, zoomed, type ISpan } from './span';
import { ticksOf } from './ticks';

/** Pixels that the text of a tick needs. */
const TICK = 56;

export interface IZoom {
  /** The time in sight. */
  readonly span: ISpan;
  readonly whole: ISpan;
  readonly zoomedIn: boolean;
  /** Longer or shorter by a factor, around a moment. */
  zoom(factor: number, at?: number): void;
  /** Earlier or later by a share of what is in sight. */
  move(share: number): void;
  fit(): void;
  show(span: ISpan): void;
}

/**
 * The time in sight; without a zoom it grows with the execution.
 */
export function useZoom(whole: ISpan): IZoom {
  const [chosen, setChosen] = React.useState<ISpan | null>(null);
  const span = chosen ?? whole;
  return {
    span,
    whole,
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
 * Zoom and move with the keyboard; returns whether the key meant that.
 */
export function zoomByKey(event: React.KeyboardEvent, zoom: IZoom): boolean {
  const acts: Readonly<Record<string, () => void>> = {
    '+': () => {
      zoom.zoom(0.625);
    },
    '=': () => {
      zoom.zoom(0.625);
    },
    '-': () => {
      zoom.zoom(1.6);
    },
    '0': zoom.fit,
    '<': () => {
      zoom.move(-0.2);
    },
    '>': () => {
      zoom.move(0.2);
    }
  };
  const act = acts[event.key];
  act?.();
  return act !== undefined;
}

/**
 * Zoom at the pointer with the wheel, move with it sideways.
 */
export function zoomByWheel(event: React.WheelEvent, zoom: IZoom): void {
  if (event.ctrlKey || event.metaKey) {
    zoom.zoom(event.deltaY > 0 ? 1.25 : 0.8, momentAt(event, zoom.span));
  } else if (event.deltaX !== 0 || event.shiftKey) {
    zoom.move((event.deltaX || event.deltaY) / 500);
  }
}

function momentAt(event: React.WheelEvent, span: ISpan): number | undefined {
  const track = event.currentTarget.querySelector('.jp-kitaru-ticks');
  const box = track?.getBoundingClientRect();
  if (!box || box.width === 0) {
    return undefined;
  }
  const place = (event.clientX - box.left) / box.width;
  const within = Math.max(0, Math.min(1, place));
  return span.from + within * (span.to - span.from);
}

/**
 * The times above the bars, and the buttons to zoom.
 */
export function Axis({ zoom }: { zoom: IZoom }): React.JSX.Element {
  const { trans } = useEnvironment();
  return (
    <div className="jp-kitaru-axis">
      <span className="jp-kitaru-zoom">
        <Tool
          icon={zoomOutIcon}
          label={trans.__('Zoom out (−)')}
          disabled={!zoom.zoomedIn}
          onClick={() => {
            zoom.zoom(1.6);
          }}
        />
        <Tool
          icon={addIcon}
          label={trans.__('Zoom in (+)')}
          onClick={() => {
            zoom.zoom(0.625);
          }}
        />
        <Tool
          icon={fitIcon}
          label={trans.__('Show the whole time (0)')}
          disabled={!zoom.zoomedIn}
          onClick={zoom.fit}
        />
      </span>
      <Ticks span={zoom.span} start={zoom.whole.from} />
    </div>
  );
}

function Ticks(props: { span: ISpan; start: number }): React.JSX.Element {
  const { span, start } = props;
  const [room, setRoom] = React.useState(6);
  const bar = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    const found = bar.current;
    if (!found) {
      return;
    }
    const measure = (): void => {
      const most = Math.floor(found.clientWidth / TICK);
      setRoom(Math.max(1, Math.min(6, most)));
    };
    const watched = new ResizeObserver(measure);
    watched.observe(found);
    measure();
    return () => {
      watched.disconnect();
    };
  }, []);
  return (
    <div ref={bar} className="jp-kitaru-ticks" aria-hidden="true">
      {ticksOf(span, start, room).map(({ at, text }) => (
        <span
          key={at}
          className="jp-kitaru-tick"
          style={{ left: `${100 * share(start + at, span)}%` }}
        >
          {text}
        </span>
      ))}
    </div>
  );
}

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
