import type { TranslationBundle } from '@jupyterlab/translation';

import type { AnyStatus } from '../icons';

// Made once: lists write hundreds of numbers and moments while they scroll.
const grouped = new Intl.NumberFormat('en-US');
const moments = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric'
});

/**
 * A status as people say it.
 */
export function statusText(
  trans: TranslationBundle,
  status: AnyStatus
): string {
  const texts: Record<AnyStatus, string> = {
    pending: trans.__('Pending'),
    running: trans.__('Running'),
    waiting: trans.__('Waiting for an answer'),
    completed: trans.__('Completed'),
    failed: trans.__('Failed'),
    cancelled: trans.__('Cancelled'),
    interrupted: trans.__('Interrupted'),
    reused: trans.__('Reused')
  };
  return texts[status];
}

/**
 * Seconds as `<1 ms`, `85 ms`, `3.2 s`, `4 min 05 s`, `2 h 03 min`, `3 d 4 h`.
 */
export function duration(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole > 0 && whole < 0.0005) {
    return '<1 ms';
  }
  if (whole < 0.9995) {
    return `${Math.round(whole * 1000)} ms`;
  }
  if (whole < 59.95) {
    return `${whole.toFixed(1)} s`;
  }
  const parts = Math.round(whole);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (parts < 3600) {
    return `${Math.floor(parts / 60)} min ${two(parts % 60)} s`;
  }
  const minutes = Math.round(parts / 60);
  if (minutes < 1440) {
    return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  }
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * How long something took, or takes by now; null before it began.
 */
export function elapsed(
  {
    started_at,
    ended_at
  }: { started_at: number | null; ended_at: number | null },
  now: number
): number | null {
  return started_at === null ? null : (ended_at ?? now) - started_at;
}

/**
 * US dollars; small costs keep two figures that say something.
 */
export function cost(dollars: number): string {
  const digits = dollars >= 0.1 || dollars === 0 ? 2 : 4;
  return dollars > 0 && dollars < 0.0001
    ? '<$0.0001'
    : `$${dollars.toFixed(digits)}`;
}

export function count(value: number): string {
  return grouped.format(value).replaceAll(',', '\u202f');
}

export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`;
}

/**
 * A moment in the reader's own time zone.
 */
export function moment(at: number): string {
  return moments.format(at * 1000);
}

/**
 * Who or what invoked an execution, and how; null if nobody did.
 */
export function invokerText(
  {
    invoked_by: by,
    invoked_via: via
  }: { invoked_by: string | null; invoked_via: string | null },
  trans: TranslationBundle
): string | null {
  if (via === 'schedule') {
    return trans.__('schedule %1', by);
  }
  const places: Record<string, string> = {
    python: trans.__('in Python'),
    cli: trans.__('on the command line'),
    http: trans.__('HTTP'),
    lab: trans.__('in JupyterLab')
  };
  const told = [by, places[via ?? '']].filter(Boolean).join(', ');
  return told === '' ? null : told;
}

/**
 * A type as Python code names it: `str`, `pandas.DataFrame`.
 */
export function typeName(type: string): string {
  return type.replace(/^builtins\./, '');
}
