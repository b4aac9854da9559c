import * as React from 'react';

import type { ValueView } from '../documents';
import { useEnvironment } from './context';
import { bytes, count, typeName } from './format';

type Preview = ValueView['preview'];

/**
 * What is known of a stored value, as text: nothing of it is markup.
 */
export function ValuePreview(props: { value: ValueView }): React.JSX.Element {
  const { trans } = useEnvironment();
  const { value } = props;
  const shape = Array.isArray(value.preview.shape)
    ? value.preview.shape.map(Number).map(count).join(' × ')
    : null;
  const facts = [
    value.type === null ? null : typeName(value.type),
    shape,
    value.size === null ? null : bytes(value.size),
    value.preview.cut ? trans.__('a part is left out') : null
  ].filter(fact => fact !== null);
  return (
    <div className="jp-kitaru-value">
      <PreviewBody value={value} />
      {facts.length > 0 && (
        <div className="jp-kitaru-dim">{facts.join(' · ')}</div>
      )}
    </div>
  );
}

function PreviewBody({ value }: { value: ValueView }): React.JSX.Element {
  const { preview, text } = value;
  const image = imageOf(preview);
  if (image) {
    return <img src={image} alt={text} />;
  }
  const table = tableOf(preview);
  if (table) {
    return <Table {...table} label={text} />;
  }
  if (typeof preview.value === 'string') {
    return <Block text={preview.value} />;
  }
  if (preview.data !== undefined && preview.data !== null) {
    return <Block text={JSON.stringify(preview.data, null, 2)} />;
  }
  return <Block text={text} />;
}

function Block({ text }: { text: string }): React.JSX.Element {
  const { trans } = useEnvironment();
  return (
    <pre tabIndex={0} aria-label={trans.__('Value')}>
      {text}
    </pre>
  );
}

function imageOf({ kind, png }: Preview): string | null {
  // Anything but base64 could end the address and begin another.
  return kind === 'image' && typeof png === 'string' && /^[\w+/=]+$/.test(png)
    ? `data:image/png;base64,${png}`
    : null;
}

interface ITable {
  columns: string[];
  rows: unknown[][];
}

function tableOf({ kind, columns, rows }: Preview): ITable | null {
  return kind === 'table' && Array.isArray(columns) && Array.isArray(rows)
    ? {
        columns: columns.map(String),
        rows: rows.map((row: unknown): unknown[] =>
          Array.isArray(row) ? row : [row]
        )
      }
    : null;
}

function Table(props: ITable & { label: string }): React.JSX.Element {
  return (
    <div
      className="jp-kitaru-table jp-RenderedHTMLCommon"
      tabIndex={0}
      role="group"
      aria-label={props.label}
    >
      <table>
        <thead>
          <tr>
            {props.columns.map((column, index) => (
              <th key={index} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place}>{cellText(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellText(cell: unknown): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}
