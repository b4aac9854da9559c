import type { PartialJSONObject } from '@lumino/coreutils';

import type { Api } from '../api';
import type {
  DeploymentSummary,
  DeploymentView,
  ScheduleBody,
  ScheduleView,
  Started,
  TimesView
} from '../documents';

/**
 * One version of a flow, wherever it is deployed.
 */
export interface IVersionRef {
  readonly flow: string;
  readonly version: number;
  /** Id of its home; the home of the server's root folder if null. */
  readonly home: string | null;
}

function pathOf({ flow, version }: IVersionRef, ...parts: string[]): string {
  return ['deployments', flow, String(version), ...parts]
    .map(encodeURIComponent)
    .join('/');
}

export function getVersions(
  api: Api,
  home: string | null,
  flow: string | null
): Promise<DeploymentSummary[]> {
  return api.get('deployments', { home, flow });
}

export function getVersion(
  api: Api,
  ref: IVersionRef
): Promise<DeploymentView> {
  return api.get(pathOf(ref), { home: ref.home });
}

export function getSchedules(
  api: Api,
  home: string | null,
  flow: string | null
): Promise<ScheduleView[]> {
  return api.get('schedules', { home, flow });
}

export function invoke(
  api: Api,
  ref: IVersionRef,
  inputs: PartialJSONObject,
  key: string
): Promise<Started> {
  const body = { inputs, idempotency_key: key };
  return api.send('POST', pathOf(ref, 'invoke'), { home: ref.home }, body);
}

export function addTag(
  api: Api,
  ref: IVersionRef,
  tag: string,
  exclusive: boolean
): Promise<DeploymentSummary[]> {
  const body = { tag, exclusive };
  return api.send('POST', pathOf(ref, 'tags'), { home: ref.home }, body);
}

export function removeTag(
  api: Api,
  ref: IVersionRef,
  tag: string
): Promise<DeploymentSummary[]> {
  return api.send('DELETE', pathOf(ref, 'tags', tag), { home: ref.home });
}

export function deleteVersion(
  api: Api,
  ref: IVersionRef
): Promise<DeploymentSummary[]> {
  return api.send('DELETE', pathOf(ref), { home: ref.home });
}

/**
 * When something is due: by a cron expression, or after so many seconds.
 */
export type When =
  | { readonly cron: string; readonly timezone: string }
  | { readonly every: number };

export function getTimes(
  api: Api,
  home: string | null,
  when: When
): Promise<TimesView> {
  return api.get('schedule-times', { home, ...when });
}

export function createSchedule(
  api: Api,
  home: string | null,
  body: ScheduleBody & { inputs: PartialJSONObject }
): Promise<ScheduleView> {
  return api.send('POST', 'schedules', { home }, { ...body });
}

export function deleteSchedule(
  api: Api,
  home: string | null,
  schedule: string
): Promise<ScheduleView[]> {
  const path = `schedules/${encodeURIComponent(schedule)}`;
  return api.send('DELETE', path, { home });
}

export function setPaused(
  api: Api,
  home: string | null,
  schedule: string,
  paused: boolean
): Promise<ScheduleView> {
  const verb = paused ? 'pause' : 'resume';
  const path = `schedules/${encodeURIComponent(schedule)}/${verb}`;
  return api.send('POST', path, { home }, {});
}
