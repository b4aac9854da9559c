import * as React from 'react';

import { useEnvironment } from '../components/context';
import SchemaForm from '../components/SchemaForm';
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
 * What was typed in place of what is recorded.
 */
export interface ITyped {
  readonly text: string;
  /** Whether it fits the type. */
  readonly isFine: boolean;
}

interface IFieldProps {
  field: IField;
  /** Undefined while it is as recorded. */
  typed: ITyped | undefined;
  onType(typed: ITyped | null): void;
}

/**
 * One argument, edited as its type needs it.
 */
export function Field(props: IFieldProps): React.JSX.Element {
  const { field, typed } = props;
  const id = React.useId();
  const { editor, shown } = field.editable;
  const { trans } = useEnvironment();
  const hasParts = editor === 'form' || (editor === 'json' && hasSchema(field));
  return (
    <div className="jp-kitaru-field" data-kitaru-field={field.key}>
      <Label {...props} id={hasParts ? null : id} />
      {shown !== null && (
        <div className="jp-kitaru-dim jp-kitaru-recorded" title={shown}>
          {trans.__('Recorded: %1', shown)}
        </div>
      )}
      {hasParts ? <Parts {...props} id={id} /> : <Simple {...props} id={id} />}
      {typed !== undefined && (
        <button
          type="button"
          className="jp-kitaru-link jp-kitaru-switch"
          onClick={() => {
            props.onType(null);
          }}
        >
          {trans.__('As recorded')}
        </button>
      )}
    </div>
  );
}

function hasSchema({ editable }: IField): boolean {
  return editable.schema !== null;
}

function Label(props: IFieldProps & { id: string | null }): React.JSX.Element {
  const { trans } = useEnvironment();
  const { field, typed, id } = props;
  const content = (
    <>
      {field.title}
      {field.type && <span className="jp-kitaru-dim"> {field.type}</span>}
      {typed !== undefined && (
        <span className="jp-kitaru-changed"> {trans.__('changed')}</span>
      )}
    </>
  );
  return id === null ? (
    <div className="jp-kitaru-label">{content}</div>
  ) : (
    <label className="jp-kitaru-label" htmlFor={id}>
      {content}
    </label>
  );
}

/**
 * A value with parts: a form of its own, drawn anew when it is set back.
 */
function Parts(props: IFieldProps & { id: string }): React.JSX.Element {
  const { field, typed, id } = props;
  const { recorded, schema } = field.editable;
  const text = typed?.text ?? recorded;
  const value = text === '' ? undefined : (JSON.parse(text) as unknown);
  const isTyped = typed !== undefined;
  const [times, setTimes] = React.useState(0);
  const before = React.useRef(isTyped);
  React.useEffect(() => {
    if (before.current && !isTyped) {
      setTimes(times + 1);
    }
    before.current = isTyped;
  }, [isTyped]);
  return (
    <SchemaForm
      key={times}
      id={id}
      schema={schema ?? {}}
      question={field.title}
      value={value}
      errors={{}}
      disabled={false}
      isPart
      onChange={(changed, isFine) => {
        const next = JSON.stringify(changed ?? null, null, 2);
        // A form tells of itself too when it fills in defaults.
        props.onType(
          next === recorded && isFine ? null : { text: next, isFine }
        );
      }}
    />
  );
}

function Simple(props: IFieldProps & { id: string }): React.JSX.Element {
  const { trans } = useEnvironment();
  const { field, typed, id, onType } = props;
  const { editable } = field;
  const found = typed === undefined ? null : parsed(editable, typed.text);
  const problem = found && 'problem' in found ? found.problem : null;
  const problems = {
    number: trans.__('This is no number.'),
    integer: trans.__('This is no whole number.'),
    json: trans.__('This is no JSON.')
  };
  return (
    <>
      <Control
        id={id}
        editable={editable}
        value={typed?.text ?? editable.recorded}
        invalid={problem !== null}
        onChange={text => {
          const isFine = !('problem' in parsed(editable, text));
          onType(text === editable.recorded ? null : { text, isFine });
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
    </>
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
  const placeholder = editable.nullable ? 'None' : undefined;
  switch (editable.editor) {
    case 'boolean':
      return (
        <Options
          {...common}
          editable={editable}
          options={[
            ['true', 'True'],
            ['false', 'False']
          ]}
        />
      );
    case 'choice':
      return (
        <Options
          {...common}
          editable={editable}
          options={editable.choices.map((choice, index) => [
            String(index),
            typeof choice === 'string' ? choice : JSON.stringify(choice)
          ])}
        />
      );
    case 'number':
      return (
        <input
          {...common}
          type="text"
          inputMode="decimal"
          placeholder={placeholder}
        />
      );
    case 'date':
      return <input {...common} type="date" />;
    case 'text':
      return value.length > 60 || value.includes('\n') ? (
        <textarea {...common} rows={4} placeholder={placeholder} />
      ) : (
        <input {...common} type="text" placeholder={placeholder} />
      );
    case 'form':
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
          {trans.__('This value can only be changed from Python.')}
        </output>
      );
  }
}

/**
 * A choice of values; what was recorded, or None, may be none of them.
 */
function Options(
  props: React.ComponentProps<'select'> & {
    editable: IEditable;
    options: [string, string][];
  }
): React.JSX.Element {
  const { trans } = useEnvironment();
  const { editable, options, ...common } = props;
  const empty = editable.nullable ? 'None' : trans.__('As recorded');
  return (
    <select {...common} className="jp-mod-styled">
      {(editable.nullable || editable.recorded === '') && (
        <option value="">{empty}</option>
      )}
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}
