import type { TranslationBundle } from '@jupyterlab/translation';

import type { IExecutionsQuery } from '../api';

/**
 * What a person chose to see.
 */
export interface IFilters {
  /** Id of the home; empty for that of the server's root folder. */
  readonly home: string;
  readonly text: string;
  readonly status: string;
  readonly flow: string;
  readonly notebook: string;
  /** Number of a deployed version of the flow. */
  readonly version: string;
  readonly since: Since;
}

export type Since = '' | 'hour' | 'day' | 'week' | 'month';
export type Grouping = '' | 'day' | 'flow' | 'status' | 'notebook';

export const NO_FILTERS: IFilters = {
  home: '',
  text: '',
  status: '',
  flow: '',
  notebook: '',
  version: '',
  since: ''
};

const SECONDS: Record<Exclude<Since, ''>, number> = {
  hour: 3600,
  day: 86_400,
  week: 7 * 86_400,
  month: 30 * 86_400
};

export const STATUSES = [
  'running',
  'waiting',
  'completed',
  'failed',
  'interrupted',
  'cancelled',
  'pending'
] as const;

export function isFiltered(filters: IFilters): boolean {
  return Object.values(filters).some(value => value !== '');
}

/**
 * Filters as the server's route takes them.
 */
export function queryOf(filters: IFilters, now: number): IExecutionsQuery {
  const { text, status, flow, notebook, version, since } = filters;
  const query: IExecutionsQuery = {};
  if (text.trim()) {
    query.text = text.trim();
  }
  if (status) {
    query.status = status;
  }
  if (flow) {
    query.flow = flow;
  }
  if (notebook) {
    query.notebook = notebook;
  }
  if (version) {
    query.version = Number(version);
  }
  if (since) {
    query.since = now - SECONDS[since];
  }
  return query;
}

/**
 * A part of the list with a title of its own.
 */
export interface IPart {
  key: string;
  title: string;
  query: IExecutionsQuery;
  /** How many there are, if that is known already. */
  total?: number;
}

/**
 * Today, yesterday and so on, in the reader's time zone.
 */
export function days(trans: TranslationBundle, now: number): IPart[] {
  const midnight = new Date(now * 1000);
  midnight.setHours(0, 0, 0, 0);
  const before = (count: number): number => {
    const day = new Date(midnight);
    day.setDate(day.getDate() - count);
    return day.getTime() / 1000;
  };
  const bounds: [string, string, number, number][] = [
    ['today', trans.__('Today'), before(0), before(-36_500)],
    ['yesterday', trans.__('Yesterday'), before(1), before(0)],
    ['week', trans.__('In the last seven days'), before(7), before(1)],
    ['month', trans.__('In the last thirty days'), before(30), before(7)],
    ['older', trans.__('Older'), 0, before(30)]
  ];
  return bounds.map(([key, title, since, until]) => ({
    key,
    title,
    query: { since, until }
  }));
}

/**
 * A home as people know it: by its project's folder, or its address.
 */
export function homeName(location: string): string {
  return fileName(location.replace(/\/\.kitaru\/?$/, '')) || location;
}

/**
 * A notebook's path as people know it.
 */
export function fileName(path: string): string {
  return path.split('/').pop() ?? path;
}
