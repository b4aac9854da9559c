import * as React from 'react';

import { useEnvironment } from '../components/context';
import { Heading } from '../components/Heading';
import { ValuePreview } from '../components/ValuePreview';
import type { ValueChange } from '../documents';

/**
 * A value before and after; of texts what was taken away and added.
 */
export function Change(props: {
  change: ValueChange;
  untitled?: boolean;
}): React.JSX.Element {
  const { change, untitled = false } = props;
  const { trans } = useEnvironment();
  const lines = change.text_diff.filter(line => !/^(---|\+\+\+|@@)/.test(line));
  return (
    <div className="jp-kitaru-change">
      {!untitled && <Heading>{change.name}</Heading>}
      {lines.length > 0 ? (
        <pre
          className="jp-kitaru-diff"
          tabIndex={0}
          aria-label={trans.__('Text of %1 line by line', change.name)}
        >
          {lines.map((line, index) => (
            <DiffLine key={index} line={line} />
          ))}
        </pre>
      ) : (
        <div className="jp-kitaru-sides">
          <div>
            {change.before ? <ValuePreview value={change.before} /> : '–'}
          </div>
          <div>
            {change.after ? <ValuePreview value={change.after} /> : '–'}
          </div>
        </div>
      )}
    </div>
  );
}

function DiffLine({ line }: { line: string }): React.JSX.Element {
  const text = line.replace(/\n$/, '');
  if (text.startsWith('+')) {
    return <ins>{text}</ins>;
  }
  return text.startsWith('-') ? <del>{text}</del> : <span>{text}</span>;
}
