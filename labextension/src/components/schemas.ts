import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  ErrorSchema,
  RJSFSchema,
  RJSFValidationError,
  UiSchema
} from '@rjsf/utils';

type Schema = Record<string, unknown>;

/**
 * What kind of question a schema asks: nothing but to go on, yes or no, or something to fill in.
 */
export function kindOf(schema: Schema | null): 'gate' | 'boolean' | 'form' {
  if (schema === null) {
    return 'gate';
  }
  return schema.type === 'boolean' && schema.const === undefined
    ? 'boolean'
    : 'form';
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The one type of a schema, whether or not it may be null as well.
 */
export function typeOf({ type }: RJSFSchema): string | undefined {
  return Array.isArray(type) ? type.find(one => one !== 'null') : type;
}

/** What a form has no fields for. */
const UNDRAWN = [
  'patternProperties',
  'propertyNames',
  'not',
  'if',
  'contains',
  'dependentSchemas',
  'allOf'
];

const SCALARS = ['string', 'integer', 'number', 'boolean', 'null'];

/**
 * Whether a form can ask for all that fits a schema; it cannot for anything at all, or for what contains itself.
 */
export function isDrawable(schema: Schema): boolean {
  const known = (schema.$defs ?? schema.definitions ?? {}) as Schema;
  const drawn = (part: unknown, above: readonly string[]): boolean => {
    if (!isObject(part) || UNDRAWN.some(word => word in part)) {
      return false;
    }
    const all = (parts: unknown): boolean =>
      Array.isArray(parts) && parts.every(one => drawn(one, above));
    if (typeof part.$ref === 'string') {
      const name = part.$ref.split('/').pop() ?? '';
      return !above.includes(name) && drawn(known[name], [...above, name]);
    }
    const branches = part.anyOf ?? part.oneOf;
    if (branches !== undefined) {
      return all(branches);
    }
    if ('enum' in part || 'const' in part) {
      return true;
    }
    switch (part.type) {
      case 'object': {
        const { properties = {}, additionalProperties: more } = part;
        const isOpen = Object.keys(properties as Schema).length === 0;
        return (
          all(Object.values(properties as Schema)) &&
          (more === undefined ? !isOpen : more === false || drawn(more, above))
        );
      }
      case 'array':
        return 'prefixItems' in part
          ? all(part.prefixItems)
          : drawn(part.items, above);
      default:
        return SCALARS.includes(part.type as string);
    }
  };
  return drawn(schema, []);
}

/**
 * A schema as the form library draws it best: Pydantic writes tuples and optional values in ways that it does not know.
 */
export function drawable(schema: Schema, trans: TranslationBundle): RJSFSchema {
  const found = translated(schema, trans) as RJSFSchema;
  // The name of a class; what is asked says more.
  delete found.title;
  return found;
}

function translated(value: unknown, trans: TranslationBundle): unknown {
  if (Array.isArray(value)) {
    return value.map(one => translated(one, trans));
  }
  if (!isObject(value)) {
    return value;
  }
  const { prefixItems, ...rest } = value;
  const fields = Object.entries(rest).map(
    ([name, part]) => [name, translated(part, trans)] as const
  );
  const found: Schema = Object.fromEntries(fields);
  if (Array.isArray(prefixItems)) {
    found.items = prefixItems.map(one => translated(one, trans));
    found.additionalItems = translated(rest.items ?? false, trans);
  }
  return optional(found, trans);
}

/**
 * `anyOf` a plain type and null is that type, which may be left empty; other branches get names to choose by.
 */
function optional(schema: Schema, trans: TranslationBundle): Schema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) {
    return schema;
  }
  const [only, ...more] = anyOf.filter(
    part => !isObject(part) || part.type !== 'null'
  ) as unknown[];
  const isPlain =
    isObject(only) &&
    typeof only.type === 'string' &&
    !('enum' in only) &&
    !('const' in only);
  return anyOf.length === 2 && more.length === 0 && isPlain
    ? { ...only, ...rest, type: [only.type, 'null'] }
    : { ...rest, anyOf: anyOf.map(part => named(part, trans)) };
}

function named(part: unknown, trans: TranslationBundle): unknown {
  if (!isObject(part) || '$ref' in part || typeof part.title === 'string') {
    return part;
  }
  const names: Record<string, string> = {
    null: trans.__('Nothing'),
    string: trans.__('Text'),
    integer: trans.__('Whole number'),
    number: trans.__('Number'),
    boolean: trans.__('Yes or no'),
    array: trans.__('List'),
    object: trans.__('Fields')
  };
  const name = names[String(part.type)];
  return name === undefined ? part : { title: name, ...part };
}

/**
 * How to draw it: a text that is asked for alone mostly is a sentence or two.
 */
export function drawing(schema: RJSFSchema): UiSchema<ReadonlyJSONObject> {
  const { type, format, enum: choices, maxLength } = schema;
  const isLong = (maxLength ?? Infinity) > 120;
  if (
    type === 'string' &&
    isLong &&
    choices === undefined &&
    format === undefined
  ) {
    return { 'ui:widget': 'textarea', 'ui:options': { rows: 3 } };
  }
  if (Array.isArray(choices) && choices.length <= 5) {
    return { 'ui:widget': 'radio' };
  }
  return {};
}

/**
 * What the server found wrong, where the form shows it; a place is a path with dots.
 */
export function errorsAt(
  places: readonly { place: string; message: string }[]
): ErrorSchema {
  const found: Schema = {};
  for (const { place, message } of places) {
    let at = found;
    for (const part of place.split('.').filter(name => name !== '')) {
      at = (at[part] ??= {}) as Schema;
    }
    at.__errors = [...((at.__errors ?? []) as string[]), message];
  }
  return found as ErrorSchema;
}

/**
 * An answer without what was left empty.
 */
export function answerOf(value: unknown): unknown {
  return value === undefined ? null : value;
}

/**
 * What is wrong with a field, as one would say it.
 */
export function inWords(
  { name, params, message }: RJSFValidationError,
  trans: TranslationBundle
): string {
  const { limit, type } = (params ?? {}) as { limit?: number; type?: unknown };
  const bound = String(limit);
  switch (name) {
    case 'required':
      return trans.__('Needed');
    case 'minimum':
      return trans.__('At least %1', bound);
    case 'maximum':
      return trans.__('At most %1', bound);
    case 'exclusiveMinimum':
      return trans.__('More than %1', bound);
    case 'exclusiveMaximum':
      return trans.__('Less than %1', bound);
    case 'minLength':
      return trans.__('At least %1 characters', bound);
    case 'maxLength':
      return trans.__('At most %1 characters', bound);
    case 'minItems':
      return trans.__('At least %1 entries', bound);
    case 'maxItems':
      return trans.__('At most %1 entries', bound);
    case 'const':
    case 'enum':
      return trans.__('Choose one of the values');
    case 'type':
      return type === 'integer'
        ? trans.__('A whole number')
        : type === 'number'
          ? trans.__('A number')
          : (message ?? trans.__('Does not fit'));
    default:
      return message ?? trans.__('Does not fit');
  }
}
