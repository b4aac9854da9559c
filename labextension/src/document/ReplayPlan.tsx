import type { PartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import { executionPath } from '../api';
import { useEnvironment } from '../components/context';
import { problemText } from '../components/problem';
import type { Replayed } from '../documents';
import { fateText, planText } from './plan';

/** Milliseconds after the last change. */
const TYPING = 400;

interface IPlan {
  plan: Replayed | null;
  problem: string | null;
}

/**
 * What the server would do, asked a moment after the last change.
 */
export function usePlan(body: PartialJSONObject | null): IPlan {
  const { model, live } = useEnvironment();
  const [found, setFound] = React.useState<IPlan>({
    plan: null,
    problem: null
  });
  const asked = body === null ? null : JSON.stringify(body);
  React.useEffect(() => {
    if (asked === null || !model || !live) {
      return;
    }
    let current = true;
    const timer = window.setTimeout(() => {
      model.api
        .send<Replayed>(
          'POST',
          executionPath(live, 'replay'),
          { home: live.home },
          { ...(JSON.parse(asked) as PartialJSONObject), dry_run: true }
        )
        .then(
          plan => {
            if (current) {
              setFound({ plan, problem: null });
            }
          },
          (error: unknown) => {
            if (current) {
              setFound({ plan: null, problem: problemText(error) });
            }
          }
        );
    }, TYPING);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [model, live, asked]);
  return found;
}

/**
 * Which calls would run and which are reused, or why the replay is refused.
 */
export function Plan({ plan, problem }: IPlan): React.JSX.Element | null {
  const { trans } = useEnvironment();
  if (problem) {
    return (
      <p className="jp-kitaru-field-error" role="alert">
        {problem}
      </p>
    );
  }
  if (!plan) {
    return null;
  }
  const all = [...plan.calls, ...plan.questions];
  return (
    <details className="jp-kitaru-plan">
      <summary>
        <span role="status">{planText(plan, trans)}</span>
      </summary>
      <ul>
        {all.map(part => (
          <li key={part.name}>
            <strong>{part.name}</strong> {fateText(part.action, trans)}:{' '}
            {part.why}
          </li>
        ))}
      </ul>
    </details>
  );
}
