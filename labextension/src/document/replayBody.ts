import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import type { IField, ITyped } from './Field';
import { parsed } from './values';

/**
 * What is sent; null while something that was typed is no value.
 */
export function bodyOf(
  fields: readonly IField[],
  typed: Readonly<Record<string, ITyped>>,
  at: string
): PartialJSONObject | null {
  const flow: Record<string, PartialJSONValue> = {};
  const call: Record<string, PartialJSONValue> = {};
  const answers: Record<string, PartialJSONValue> = {};
  for (const field of fields) {
    const change = typed[field.key];
    if (change === undefined) {
      continue;
    }
    const found = parsed(field.editable, change.text);
    if ('problem' in found || !change.isFine) {
      return null;
    }
    const into = { flow, call, answer: answers }[field.scope];
    into[field.name] = found.value;
  }
  return {
    at: at || null,
    flow_overrides: flow,
    invocation_overrides:
      Object.keys(call).length > 0 ? { [at]: { input: call } } : {},
    answers
  };
}
