import type { ISpan } from './span';

/**
 * A time on the axis, in seconds since the execution began, and how it is written.
 */
export interface ITick {
  readonly at: number;
  readonly text: string;
}

/**
 * Round times for the axis; where there is no room for two of them, where it begins and ends.
 */
export function ticksOf(span: ISpan, start: number, most: number): ITick[] {
  const from = span.from - start;
  const to = span.to - start;
  const step = stepOf((to - from) / Math.max(1, most));
  const round: ITick[] = [];
  for (
    let index = Math.ceil(from / step);
    index * step <= to + step * 1e-6;
    index += 1
  ) {
    const at = index * step;
    round.push({ at, text: tickText(at, step) });
  }
  return round.length > 1 ? round : ends(from, to);
}

function ends(from: number, to: number): ITick[] {
  const fine = Math.min(1, 10 ** Math.floor(Math.log10(to - from)) / 10);
  return [from, to].map(at => ({
    at,
    text: tickText(Math.round(at / fine) * fine, fine)
  }));
}

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
  43_200, 86_400
];

function stepOf(least: number): number {
  if (least <= 1) {
    const power = 10 ** Math.floor(Math.log10(least));
    return ([1, 2, 5, 10].find(one => one * power >= least) ?? 10) * power;
  }
  const day = 86_400;
  return STEPS.find(step => step >= least) ?? Math.ceil(least / day) * day;
}

/**
 * A time on the axis: `0`, `5 ms`, `1.5 s`, `2:30`, `1:02:00`.
 */
function tickText(seconds: number, step: number): string {
  const shown = Math.abs(seconds) < 1e-9 ? 0 : seconds;
  if (shown === 0) {
    return '0';
  }
  if (shown < 60) {
    return step < 0.9995
      ? shown < 1
        ? `${Number((shown * 1000).toPrecision(6))} ms`
        : `${Number(shown.toPrecision(6))} s`
      : `${Math.round(shown)} s`;
  }
  const whole = Math.floor(shown + 1e-6);
  const two = (value: number): string => String(value).padStart(2, '0');
  const part = shown - whole > 1e-6 ? (shown - whole).toFixed(3).slice(1) : '';
  const minutes = Math.floor(whole / 60);
  const rest = `${two(whole % 60)}${part}`;
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
