import type { ISpan } from './span';

/**
 * Round times for the axis, in seconds since `whole` began.
 */
export function ticksOf(span: ISpan, start: number, most: number): number[] {
  const length = span.to - span.from;
  const step = stepOf(length / Math.max(1, most));
  const first = Math.ceil((span.from - start) / step);
  const ticks: number[] = [];
  for (
    let index = first;
    index * step <= span.to - start + step * 1e-6;
    index += 1
  ) {
    ticks.push(index * step);
  }
  return ticks;
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
export function tickText(seconds: number, step: number): string {
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
