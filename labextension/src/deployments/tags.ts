import type { TranslationBundle } from '@jupyterlab/translation';

import type { DeploymentSummary, ScheduleView } from '../documents';

export const DEFAULT_TAG = 'default';

/**
 * A tag that a version is to get.
 */
export interface ITagging {
  readonly tag: string;
  readonly exclusive: boolean;
}

/**
 * What giving a tag would change, in sentences; or why it cannot be.
 */
export interface IConsequence {
  readonly text: string;
  readonly isPossible: boolean;
}

export function consequenceOf(
  { tag, exclusive }: ITagging,
  version: number,
  versions: readonly DeploymentSummary[],
  schedules: readonly ScheduleView[],
  trans: TranslationBundle
): IConsequence {
  const refused = (text: string): IConsequence => ({ text, isPossible: false });
  const fine = (...texts: string[]): IConsequence => ({
    text: [...texts, ...followers(tag, exclusive, schedules, trans)].join(' '),
    isPossible: true
  });
  if (tag === '') {
    return refused(trans.__('Give a tag, for example stable.'));
  }
  if (/\s/.test(tag) || tag.startsWith('kitaru:')) {
    return refused(
      trans.__(
        'A tag is a word without blanks that does not begin with kitaru:.'
      )
    );
  }
  const holders = versions.filter(({ tags }) => tag in tags);
  const own = holders.find(one => one.version === version);
  const others = holders.filter(one => one.version !== version);
  const alone = exclusive || tag === DEFAULT_TAG;
  if (own && others.length === 0 && own.tags[tag] === alone) {
    return refused(trans.__('Version %1 has this tag.', version));
  }
  const numbers = others.map(one => one.version).join(', ');
  if (!alone) {
    const holder = others.find(one => one.tags[tag]);
    return holder
      ? refused(
          trans.__(
            'Version %1 has %2 alone, so it cannot be shared. Move it, or remove it there first.',
            holder.version,
            tag
          )
        )
      : others.length === 0
        ? fine(trans.__('Version %1 gets %2.', version, tag))
        : fine(
            trans.__(
              'Version %1 gets %2 as well as %3. Who invokes by it has to give a number.',
              version,
              tag,
              numbers
            )
          );
  }
  return others.length === 0
    ? fine(
        trans.__(
          'Version %1 gets %2. Who invokes %2 runs version %1.',
          version,
          tag
        )
      )
    : fine(
        trans.__(
          '%2 moves from version %3 to version %1. From then on, who invokes %2 runs version %1.',
          version,
          tag,
          numbers
        )
      );
}

/**
 * The schedules that a tag leads to another version.
 */
function followers(
  tag: string,
  exclusive: boolean,
  schedules: readonly ScheduleView[],
  trans: TranslationBundle
): string[] {
  const names = schedules
    .filter(
      one =>
        one.version === null && (one.tag ?? DEFAULT_TAG) === tag && !one.paused
    )
    .map(({ name }) => name);
  return names.length > 0 && (exclusive || tag === DEFAULT_TAG)
    ? [
        trans._n(
          'The schedule %2 follows it.',
          'The schedules %2 follow it.',
          names.length,
          names.join(', ')
        )
      ]
    : [];
}

/**
 * The exclusive tags that keep a version from being deleted.
 */
export function holding(tags: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(tags).filter(tag => tags[tag]);
}
