import { deepEquals, type ErrorSchema } from '@rjsf/utils';

/**
 * What the server said of an answer, without what is old: the values that were changed since.
 */
export function stillTold(
  errors: ErrorSchema,
  sent: unknown,
  value: unknown
): ErrorSchema {
  const { __errors: here, ...below } = errors;
  const parts = Object.entries(below as Record<string, ErrorSchema>)
    .map(
      ([key, part]) =>
        [key, stillTold(part, partOf(sent, key), partOf(value, key))] as const
    )
    .filter(([, part]) => Object.keys(part).length > 0);
  const isOld = here === undefined || !deepEquals(sent, value);
  return {
    ...Object.fromEntries(parts),
    ...(isOld ? {} : { __errors: here })
  } as ErrorSchema;
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
