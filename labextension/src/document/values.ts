import type { PartialJSONValue } from '@lumino/coreutils';

import type { ValueView } from '../documents';

/**
 * How a recorded value can be edited: a text as a text, a number as a number, plain data as JSON, all else not at all.
 */
export type Editor = 'text' | 'number' | 'boolean' | 'json' | 'none';

/**
 * A recorded value that a replay may change.
 */
export interface IEditable {
  readonly editor: Editor;
  /** What was recorded, as it is typed. */
  readonly recorded: string;
  /** Whether a number has no fraction. */
  readonly integer: boolean;
}

export function editableOf({ preview, text }: ValueView): IEditable {
  const as = (editor: Editor, recorded: string): IEditable => ({
    editor,
    recorded,
    integer: editor === 'number' && /^-?\d+$/.test(recorded)
  });
  if (preview.cut) {
    return as('none', text);
  }
  if (typeof preview.value === 'string') {
    return as('text', preview.value);
  }
  if (preview.data !== undefined) {
    return as('json', JSON.stringify(preview.data, null, 2));
  }
  if (preview.kind !== 'text') {
    return as('none', text);
  }
  // What is neither a text nor plain data is a number, a truth or nothing, as Python writes them.
  if (text === 'True' || text === 'False') {
    return as('boolean', text.toLowerCase());
  }
  if (text === 'None') {
    return as('json', 'null');
  }
  return Number.isFinite(Number(text)) ? as('number', text) : as('none', text);
}

/**
 * What was typed as a value, or why it is none.
 */
export function parsed(
  { editor, integer }: IEditable,
  typed: string
): { value: PartialJSONValue } | { problem: 'number' | 'integer' | 'json' } {
  switch (editor) {
    case 'boolean':
      return { value: typed === 'true' };
    case 'number': {
      const value = typed.trim() === '' ? NaN : Number(typed);
      if (!Number.isFinite(value)) {
        return { problem: 'number' };
      }
      return integer && !Number.isInteger(value)
        ? { problem: 'integer' }
        : { value };
    }
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
