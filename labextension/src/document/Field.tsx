import * as React from 'react';

import { useEnvironment } from '../components/context';
import { typeName } from '../components/format';
import { parsed, type IEditable } from './values';

/**
 * An argument or an answer that a replay may change.
 */
export interface IField {
  readonly key: string;
  readonly scope: 'flow' | 'call' | 'answer';
  readonly owner: string;
  readonly name: string;
  readonly title: string;
  readonly type: string | null;
  readonly editable: IEditable;
}

/**
 * One argument, edited as its type needs it.
 */
export function Field(props: {
  field: IField;
  /** What was typed; undefined while it is as recorded. */
  typed: string | undefined;
  onType(text: string | null): void;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { field, typed, onType } = props;
  const id = React.useId();
  const { editable } = field;
  const found = typed === undefined ? null : parsed(editable, typed);
  const problem = found && 'problem' in found ? found.problem : null;
  const problems = {
    number: trans.__('This is no number.'),
    integer: trans.__('This is no whole number.'),
    json: trans.__('This is no JSON.')
  };
  return (
    <div className="jp-kitaru-field">
      <label className="jp-kitaru-label" htmlFor={id}>
        {field.title}
        {field.type && (
          <span className="jp-kitaru-dim"> {typeName(field.type)}</span>
        )}
        {typed !== undefined && (
          <span className="jp-kitaru-changed"> {trans.__('changed')}</span>
        )}
      </label>
      <Control
        id={id}
        editable={editable}
        value={typed ?? editable.recorded}
        invalid={problem !== null}
        onChange={text => {
          onType(text === editable.recorded ? null : text);
        }}
      />
      {problem && (
        <div
          id={`${id}-problem`}
          className="jp-kitaru-field-error"
          role="alert"
        >
          {problems[problem]}
        </div>
      )}
    </div>
  );
}

function Control(props: {
  id: string;
  editable: IEditable;
  value: string;
  invalid: boolean;
  onChange(text: string): void;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { id, editable, value, invalid } = props;
  const common = {
    id,
    value,
    'aria-invalid': invalid,
    'aria-describedby': invalid ? `${id}-problem` : undefined,
    onChange: (
      event: React.ChangeEvent<
        HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement
      >
    ) => {
      props.onChange(event.target.value);
    }
  };
  switch (editable.editor) {
    case 'boolean':
      return (
        <select {...common} className="jp-mod-styled">
          <option value="true">{trans.__('True')}</option>
          <option value="false">{trans.__('False')}</option>
        </select>
      );
    case 'number':
      return <input {...common} type="text" inputMode="decimal" />;
    case 'text':
      return value.length > 60 || value.includes('\n') ? (
        <textarea {...common} rows={4} />
      ) : (
        <input {...common} type="text" />
      );
    case 'json':
      return (
        <textarea
          {...common}
          className="jp-kitaru-code"
          rows={Math.min(10, value.split('\n').length)}
          spellCheck={false}
        />
      );
    case 'none':
      return (
        <output id={id} className="jp-kitaru-dim">
          {editable.recorded}{' '}
          {trans.__('This value can only be changed from Python.')}
        </output>
      );
  }
}
