import type { TranslationBundle } from '@jupyterlab/translation';

import type { Replayed } from '../documents';

/** What a plan says of a call that runs only if something before it returns another value. */
const UNSURE = 'run if its inputs change';

/**
 * How many calls run, may run and are reused; what there is none of is left out.
 */
export function planText(
  { calls }: Replayed,
  trans: TranslationBundle
): string {
  const counted = (action: string): number =>
    calls.filter(call => call.action === action).length;
  const [runs, unsure, given, reused] = [
    counted('run'),
    counted(UNSURE),
    counted('override'),
    counted('reuse')
  ];
  const parts: [number, string][] = [
    [runs, trans._n('%1 call runs', '%1 calls run', runs, runs)],
    [
      unsure,
      trans._n(
        '%1 call runs if its inputs change',
        '%1 calls run if their inputs change',
        unsure,
        unsure
      )
    ],
    [given, trans._n('%1 is given', '%1 are given', given, given)],
    [reused, trans._n('%1 is reused', '%1 are reused', reused, reused)]
  ];
  const there = parts.filter(([total]) => total > 0).map(([, text]) => text);
  return there.length > 0 ? there.join(', ') : trans.__('No call is recorded');
}

/**
 * What happens to a call or a question, as the end of a sentence.
 */
export function fateText(action: string, trans: TranslationBundle): string {
  switch (action) {
    case 'run':
      return trans.__('runs');
    case UNSURE:
      return trans.__('runs if its inputs change');
    case 'reuse':
      return trans.__('is reused');
    case 'ask':
      return trans.__('is asked');
    default:
      return trans.__('is given');
  }
}
