import type { ExecutionView } from '../documents';

/**
 * A part of the time that the timeline shows, in seconds since the epoch.
 */
export interface ISpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The whole time of an execution, never empty.
 */
export function spanOf(view: ExecutionView, now: number): ISpan {
  const times = view.rows.flatMap(row =>
    row.kind === 'wait'
      ? [row.asked_at, row.ended_at]
      : [row.started_at, row.ended_at]
  );
  const known = [view.started_at, view.ended_at, ...times].filter(
    time => time !== null
  );
  const goesOn = view.status === 'running' || view.status === 'waiting';
  const from = Math.min(...known, now);
  const to = Math.max(...known, ...(goesOn ? [now] : []), from);
  return { from, to: Math.max(to, from + 0.001) };
}

/**
 * Where a time lies in what is in sight: 0 at its beginning, 1 at its end.
 */
export function share(time: number, span: ISpan): number {
  return (time - span.from) / (span.to - span.from);
}

/**
 * Place a bar; null if it is out of sight.
 */
export function placed(
  from: number,
  to: number,
  span: ISpan
): { left: string; width: string } | null {
  const [start, end] = [share(from, span), share(to, span)];
  if (end < 0 || start > 1) {
    return null;
  }
  const left = Math.max(0, start);
  const width = Math.min(1, Math.max(end, left)) - left;
  return { left: `${100 * left}%`, width: `${100 * width}%` };
}

/**
 * A part of the time with some room around it.
 */
export function around(from: number, to: number, whole: ISpan): ISpan {
  const length = Math.min(
    whole.to - whole.from,
    Math.max(1e-4, (to - from) * 1.2)
  );
  return within((from + to - length) / 2, length, whole);
}

/**
 * Zoom by a factor around a moment; never out of the whole, never closer than a tenth of a millisecond.
 */
export function zoomed(
  span: ISpan,
  whole: ISpan,
  factor: number,
  at: number
): ISpan | null {
  const length = Math.max(1e-4, (span.to - span.from) * factor);
  if (length >= whole.to - whole.from) {
    return null;
  }
  const share = (at - span.from) / (span.to - span.from);
  return within(at - share * length, length, whole);
}

/**
 * The same length, moved by a share of it.
 */
export function moved(span: ISpan, whole: ISpan, share: number): ISpan {
  const length = span.to - span.from;
  return within(span.from + share * length, length, whole);
}

function within(from: number, length: number, whole: ISpan): ISpan {
  const start = Math.max(whole.from, Math.min(whole.to - length, from));
  return { from: start, to: start + length };
}
