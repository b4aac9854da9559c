import * as React from 'react';

import type { LogLine } from '../documents';
import { useEnvironment } from './context';

const LINES = 1000;

/**
 * Captured output, fetched when somebody asks for it; until then the lines that are known.
 */
export function Logs(props: {
  lines: LogLine[];
  call?: string;
}): React.JSX.Element | null {
  const { trans, model, live } = useEnvironment();
  const { call, lines } = props;
  const [fetched, setFetched] = React.useState<LogLine[] | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const shown = fetched ?? lines;
  const fetch = (): void => {
    if (!model || !live) {
      return;
    }
    model.api
      .logs(live, {
        ...(call === undefined ? {} : { call }),
        limit: LINES,
        tail: true
      })
      .then(setFetched, (error: unknown) => {
        setProblem(error instanceof Error ? error.message : String(error));
      });
  };
  if (shown.length === 0 && !live) {
    return null;
  }
  return (
    <details
      className="jp-kitaru-logs"
      onToggle={event => {
        if (event.currentTarget.open) {
          fetch();
        }
      }}
    >
      <summary>{trans.__('Output')}</summary>
      {problem && <div role="alert">{problem}</div>}
      {shown.length > 0 ? (
        <pre tabIndex={0} aria-label={trans.__('Output')}>
          {shown.map((line, index) => (
            <span key={index} className={levelClass(line)}>
              {line.text.replace(/\n$/, '')}
              {'\n'}
            </span>
          ))}
        </pre>
      ) : (
        <div className="jp-kitaru-dim">
          {trans.__('Nothing was printed or logged.')}
        </div>
      )}
    </details>
  );
}

function levelClass({ level, source }: LogLine): string {
  const isBad =
    level === 'ERROR' || level === 'CRITICAL' || level === 'WARNING';
  return isBad
    ? 'jp-kitaru-log-bad'
    : source === 'stderr'
      ? 'jp-kitaru-log-err'
      : '';
}
