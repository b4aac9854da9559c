import type { PartialJSONValue } from '@lumino/coreutils';

import { isDrawable, typeOf } from '../components/schemas';
import type { ValueView } from '../documents';

type Schema = Record<string, unknown>;

/**
 * How a value is edited: as what its type says, or without one as what was recorded looks like.
 */
export type Editor =
  'text' | 'number' | 'boolean' | 'choice' | 'date' | 'form' | 'json' | 'none';

/**
 * A recorded value that a replay may change.
 */
export interface IEditable {
  readonly editor: Editor;
  /** What was recorded, as it is typed; empty if it cannot be typed so. */
  readonly recorded: string;
  /** What was recorded, for people, where it cannot be typed. */
  readonly shown: string | null;
  /** Whether a number has no fraction. */
  readonly integer: boolean;
  /** Whether it may be None, which is an empty field. */
  readonly nullable: boolean;
  readonly choices: readonly PartialJSONValue[];
  readonly schema: Schema | null;
}

const PLAIN: IEditable = {
  editor: 'none',
  recorded: '',
  shown: null,
  integer: false,
  nullable: false,
  choices: [],
  schema: null
};

export function editableOf(
  value: ValueView,
  schema: Schema | null = null
): IEditable {
  return schema === null ? looksLike(value) : typed(value, schema);
}

/**
 * Nothing is known of the type: a text is a text, a number a number, plain data JSON, all else cannot be edited.
 */
function looksLike({ preview, text }: ValueView): IEditable {
  const as = (editor: Editor, recorded: string): IEditable => ({
    ...PLAIN,
    editor,
    recorded,
    integer: editor === 'number' && /^-?\d+$/.test(recorded)
  });
  const none = { ...PLAIN, shown: text };
  if (isCut(preview)) {
    return none;
  }
  if (typeof preview.value === 'string') {
    return as('text', preview.value);
  }
  if (preview.data !== undefined && preview.kind === 'json') {
    return as('json', JSON.stringify(preview.data, null, 2));
  }
  if (preview.kind !== 'text') {
    return none;
  }
  // What is neither a text nor plain data is a number, a truth or nothing, as Python writes them.
  if (text === 'True' || text === 'False') {
    return as('boolean', text.toLowerCase());
  }
  if (text === 'None') {
    return as('json', 'null');
  }
  return Number.isFinite(Number(text)) ? as('number', text) : none;
}

function typed(value: ValueView, schema: Schema): IEditable {
  const { preview, text } = value;
  const plain = withoutNull(resolved(schema));
  const nullable = plain !== resolved(schema);
  const isNone = text === 'None' && preview.kind === 'text';
  const as = (editor: Editor, recorded: string | null): IEditable => ({
    ...PLAIN,
    editor,
    nullable,
    schema,
    recorded: recorded ?? '',
    shown: recorded === null && !(isNone && nullable) ? text : null
  });
  const choices = plain.enum ?? ('const' in plain ? [plain.const] : undefined);
  if (Array.isArray(choices)) {
    const at = choices.findIndex(choice => isRecorded(choice, value));
    return { ...as('choice', at < 0 ? null : String(at)), choices };
  }
  switch (typeOf(plain)) {
    case 'boolean':
      return as(
        'boolean',
        /^(True|False)$/.test(text) ? text.toLowerCase() : null
      );
    case 'integer':
    case 'number': {
      const isNumber = preview.kind === 'text' && Number.isFinite(Number(text));
      return {
        ...as('number', isNumber ? text : null),
        integer: plain.type === 'integer'
      };
    }
    case 'string': {
      const isText = typeof preview.value === 'string' && !isCut(preview);
      const found = isText ? (preview.value as string) : null;
      return plain.format === 'date'
        ? as('date', found ?? dateIn(text))
        : as('text', found);
    }
    default: {
      const data = isCut(preview) ? undefined : preview.data;
      const known = data === undefined ? null : JSON.stringify(data, null, 2);
      const recorded = isNone ? 'null' : (known ?? plainJson(value));
      return as(isDrawable(schema) ? 'form' : 'json', recorded);
    }
  }
}

/**
 * Whether a preview lacks a part of the value: then what it has must not take the value's place.
 */
function isCut(preview: ValueView['preview']): boolean {
  if (preview.cut === true) {
    return true;
  }
  return (
    preview.data !== undefined &&
    / more"|"<[^"]*"|…"/.test(JSON.stringify(preview.data))
  );
}

/** What a value without structure is as JSON, for a type that takes several. */
function plainJson({ preview, text }: ValueView): string | null {
  if (typeof preview.value === 'string') {
    return JSON.stringify(preview.value);
  }
  return preview.kind === 'text' && Number.isFinite(Number(text)) ? text : null;
}

function resolved(schema: Schema): Schema {
  const known = (schema.$defs ?? {}) as Record<string, Schema>;
  const ref = typeof schema.$ref === 'string' ? schema.$ref : '';
  const name = ref.split('/').pop() ?? '';
  return known[name] ?? schema;
}

function withoutNull(schema: Schema): Schema {
  const branches = Array.isArray(schema.anyOf)
    ? (schema.anyOf as Schema[])
    : [];
  const [only, ...more] = branches.filter(({ type }) => type !== 'null');
  return only && more.length === 0 && branches.length === 2 && !only.$ref
    ? only
    : schema;
}

/** Members of an enum are recorded as `<Colour.RED: 'red'>`. */
function isRecorded(choice: unknown, { preview, text }: ValueView): boolean {
  if (typeof choice === 'string') {
    return preview.value === choice || text.endsWith(`: '${choice}'>`);
  }
  return text === String(choice) || text.endsWith(`: ${String(choice)}>`);
}

function dateIn(text: string): string | null {
  const found = /^datetime\.date\((\d+), (\d+), (\d+)\)$/.exec(text);
  return found
    ? [
        found[1]?.padStart(4, '0'),
        found[2]?.padStart(2, '0'),
        found[3]?.padStart(2, '0')
      ].join('-')
    : null;
}

/**
 * What was typed as a value, or why it is none.
 */
export function parsed(
  { editor, integer, nullable, choices }: IEditable,
  typed: string
): { value: PartialJSONValue } | { problem: 'number' | 'integer' | 'json' } {
  if (nullable && typed === '') {
    return { value: null };
  }
  switch (editor) {
    case 'boolean':
      return { value: typed === 'true' };
    case 'choice':
      return { value: choices[Number(typed)] ?? null };
    case 'number': {
      const value = typed.trim() === '' ? NaN : Number(typed);
      if (!Number.isFinite(value)) {
        return { problem: 'number' };
      }
      return integer && !Number.isInteger(value)
        ? { problem: 'integer' }
        : { value };
    }
    case 'form':
    case 'json':
      try {
        return { value: JSON.parse(typed) as PartialJSONValue };
      } catch {
        return { problem: 'json' };
      }
    default:
      return { value: typed };
  }
}
