import * as React from 'react';

import { useEnvironment } from './context';

/**
 * What every part of a form knows of the whole.
 */
export interface IFormContext {
  /** What is asked, for what has no label of its own. */
  question: string;
  /** Id of the outermost field. */
  root: string;
}

/**
 * The place of an entry of a list, from one.
 */
export function entryOf(id: string): number | null {
  const [, index] = /_(\d+)$/.exec(id) ?? [];
  return index === undefined ? null : Number(index) + 1;
}

/**
 * The title of fields that belong together.
 */
export function Legend(props: {
  id: string;
  title: string;
  required: boolean | undefined;
  context: IFormContext;
}): React.JSX.Element {
  const { id, title, required } = props;
  const { trans } = useEnvironment();
  const { question, root } = props.context;
  const entry = entryOf(id);
  if (entry !== null) {
    return (
      <legend className="jp-kitaru-label">
        {title ? `${title} ${entry}` : trans.__('Entry %1', entry)}
      </legend>
    );
  }
  return id === root ? (
    <legend className="jp-kitaru-unseen">{question}</legend>
  ) : (
    <legend className="jp-kitaru-label">
      {title}
      {required ? <span aria-hidden="true"> *</span> : null}
    </legend>
  );
}
