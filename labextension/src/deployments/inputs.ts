import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  PartialJSONObject,
  PartialJSONValue,
  ReadonlyJSONObject
} from '@lumino/coreutils';
import type { UiSchema } from '@rjsf/utils';

import { isDrawable } from '../components/schemas';

type Schema = Record<string, unknown>;

/**
 * The parameters of a flow as a form asks for them.
 */
export interface IParameters {
  readonly schema: Schema;
  /** How what is typed as text is drawn. */
  readonly drawing: UiSchema<ReadonlyJSONObject>;
  /** Parameters that no form can draw, typed as JSON; of those without a type any other text is meant as text. */
  readonly typed: ReadonlyMap<string, 'json' | 'any'>;
  readonly isEmpty: boolean;
}

const TYPING = ['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'];

export function parametersOf(
  schema: Schema,
  trans: TranslationBundle
): IParameters {
  const typed = new Map<string, 'json' | 'any'>();
  const drawing: Record<string, object> = {};
  const asked: Record<string, Schema> = {};
  for (const [name, part] of Object.entries(propertiesOf(schema))) {
    const hasType = TYPING.some(word => word in part);
    if (hasType && isDrawable({ ...part, $defs: schema.$defs })) {
      asked[name] = part;
    } else {
      typed.set(name, hasType ? 'json' : 'any');
      asked[name] = asText(part, hasType, trans);
      drawing[name] = {
        'ui:widget': 'textarea',
        'ui:options': { rows: hasType ? 3 : 1 }
      };
    }
  }
  // What the flow says of itself stands above the form.
  return {
    schema: { ...schema, properties: asked, description: undefined },
    drawing,
    typed,
    isEmpty:
      Object.keys(asked).length === 0 && schema.additionalProperties === false
  };
}

/**
 * What is sent for what was filled in, and what of it is no JSON.
 */
export function inputsOf(
  filled: unknown,
  { typed }: IParameters
): { inputs: PartialJSONObject; wrong: { place: string; message: string }[] } {
  const inputs: PartialJSONObject = {};
  const wrong: { place: string; message: string }[] = [];
  for (const [name, value] of Object.entries(
    (filled ?? {}) as PartialJSONObject
  )) {
    const how = typed.get(name);
    if (how === undefined || typeof value !== 'string') {
      inputs[name] = value;
      continue;
    }
    try {
      inputs[name] = JSON.parse(value) as PartialJSONValue;
    } catch (error) {
      inputs[name] = value;
      if (how === 'json') {
        wrong.push({ place: name, message: (error as Error).message });
      }
    }
  }
  return { inputs, wrong };
}

/**
 * What differs from the defaults of a version: what is left out follows those of the version that runs.
 */
export function changedOf(
  inputs: PartialJSONObject,
  schema: Schema
): PartialJSONObject {
  const properties = propertiesOf(schema);
  return Object.fromEntries(
    Object.entries(inputs).filter(
      ([name, value]) =>
        JSON.stringify(value) !== JSON.stringify(properties[name]?.default)
    )
  );
}

/**
 * Inputs to begin with: the defaults, and something of the right type for what has none.
 */
export function exampleOf(schema: Schema): PartialJSONObject {
  const examples: Record<string, PartialJSONValue> = {
    string: '...',
    integer: 1,
    number: 1,
    boolean: true,
    array: [],
    null: null
  };
  return Object.fromEntries(
    Object.entries(propertiesOf(schema)).map(([name, part]) => [
      name,
      'default' in part
        ? (part.default as PartialJSONValue)
        : (examples[String(part.type)] ?? {})
    ])
  );
}

function propertiesOf(schema: Schema): Record<string, Schema> {
  return (schema.properties ?? {}) as Record<string, Schema>;
}

/**
 * A parameter as a field of text, with what the text is to be.
 */
function asText(
  part: Schema,
  hasType: boolean,
  trans: TranslationBundle
): Schema {
  const { title, description, default: value } = part;
  const note = hasType ? trans.__('JSON') : trans.__('Text, or JSON');
  const isText = typeof value === 'string' && !hasType;
  return {
    type: 'string',
    title,
    description:
      typeof description === 'string' ? `${description} ${note}.` : note,
    ...(value === undefined
      ? {}
      : { default: isText ? value : JSON.stringify(value) })
  };
}
