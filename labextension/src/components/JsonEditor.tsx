import * as React from 'react';

import { useEnvironment } from './context';

/**
 * A value as JSON, for what no form can draw.
 */
export function JsonEditor(props: {
  id: string;
  label: string;
  /** Whether the label stands above it already. */
  isLabelled: boolean;
  value: unknown;
  disabled: boolean;
  /** What is wrong with the value, as one would say it. */
  problems: readonly string[];
  /** Told `undefined` while what is typed is no JSON. */
  onChange(value: unknown, isJson: boolean): void;
}): React.JSX.Element {
  const { id, problems } = props;
  const { trans } = useEnvironment();
  const [text, setText] = React.useState(() =>
    props.value === undefined ? '' : JSON.stringify(props.value, null, 2)
  );
  const [broken, setBroken] = React.useState<string | null>(null);
  const shown = broken === null ? problems : [broken];
  return (
    <div className="jp-kitaru-field">
      <label
        htmlFor={id}
        className={props.isLabelled ? 'jp-kitaru-unseen' : 'jp-kitaru-label'}
      >
        {props.label}
      </label>
      <textarea
        id={id}
        className="jp-kitaru-code"
        rows={Math.max(3, Math.min(12, text.split('\n').length))}
        spellCheck={false}
        value={text}
        disabled={props.disabled}
        aria-invalid={shown.length > 0}
        aria-describedby={shown.length > 0 ? `${id}-problem` : undefined}
        onChange={event => {
          const typed = event.target.value;
          setText(typed);
          const found = read(typed);
          setBroken(
            found.problem === null
              ? null
              : trans.__('This is no JSON: %1', found.problem)
          );
          props.onChange(found.value, found.problem === null);
        }}
      />
      {shown.length > 0 && (
        <div
          id={`${id}-problem`}
          className="jp-kitaru-field-error"
          role="alert"
        >
          {shown.map(problem => (
            <div key={problem}>{problem}</div>
          ))}
        </div>
      )}
    </div>
  );
}

function read(text: string): { value: unknown; problem: string | null } {
  if (text.trim() === '') {
    return { value: undefined, problem: null };
  }
  try {
    return { value: JSON.parse(text) as unknown, problem: null };
  } catch (error) {
    return {
      value: undefined,
      problem: error instanceof Error ? error.message : String(error)
    };
  }
}
