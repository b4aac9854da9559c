import type { TranslationBundle } from '@jupyterlab/translation';

import type { DeploymentSummary } from '../documents';
import type { When } from './routes';
import { DEFAULT_TAG } from './tags';

export const UNITS = { minutes: 60, hours: 3_600, days: 86_400 } as const;

export type Unit = keyof typeof UNITS;

/**
 * When a schedule is to be due, as it is filled in.
 */
export interface IFilled {
  readonly kind: 'cron' | 'every';
  readonly cron: string;
  readonly timezone: string;
  readonly count: string;
  readonly unit: Unit;
}

export function unitText(unit: Unit, trans: TranslationBundle): string {
  const texts: Record<Unit, string> = {
    minutes: trans.__('minutes'),
    hours: trans.__('hours'),
    days: trans.__('days')
  };
  return texts[unit];
}

/**
 * What is filled in, as the server takes it; null while something is missing.
 */
export function whenOf(filled: IFilled): When | null {
  if (filled.kind === 'cron') {
    const cron = filled.cron.trim().replace(/\s+/g, ' ');
    const timezone = filled.timezone.trim();
    return cron.split(' ').length === 5 && timezone !== ''
      ? { cron, timezone }
      : null;
  }
  const count = Number(filled.count);
  return filled.count.trim() !== '' && count > 0
    ? { every: count * UNITS[filled.unit] }
    : null;
}

/**
 * What a schedule can follow: the tags that one version has alone, and the version that is shown.
 */
export function targetsOf(
  version: number,
  versions: readonly DeploymentSummary[],
  trans: TranslationBundle
): { readonly tag: string | null; readonly text: string }[] {
  const tags = new Map<string, number>();
  for (const one of versions) {
    for (const [tag, exclusive] of Object.entries(one.tags)) {
      if (exclusive) {
        tags.set(tag, one.version);
      }
    }
  }
  const order = [...tags].sort(
    ([one], [other]) =>
      Number(other === DEFAULT_TAG) - Number(one === DEFAULT_TAG)
  );
  return [
    ...order.map(([tag, now]) => ({
      tag,
      text: trans.__('Whatever has the tag %1, now version %2', tag, now)
    })),
    { tag: null, text: trans.__('Always version %1', version) }
  ];
}

/**
 * The zones that the browser knows, for a list to choose from.
 */
export function zones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
