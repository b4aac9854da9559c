import { duration } from '../components/format';

/**
 * A duration of which less than half a millisecond counts as nothing.
 */
export function wholeDuration(seconds: number): string {
  return duration(Math.round(seconds * 1000) / 1000);
}

/**
 * A difference with its sign; empty if it is none, or too small to be told.
 */
export function delta(
  value: number | null,
  text: (value: number) => string
): string {
  if (value === null || value === 0) {
    return '';
  }
  const size = text(Math.abs(value));
  return size === text(0) ? '' : `${value > 0 ? '+' : '−'}${size}`;
}
