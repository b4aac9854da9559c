import * as React from 'react';

import type { IExecutionRef } from '../api';
import { useEnvironment } from '../components/context';
import type { CallView, ExecutionView } from '../documents';
import { Calls } from './calls';
import type { ISelected } from './Timeline';

/**
 * What the document leaves out, kept while the document is open.
 */
export function useCalls(target: IExecutionRef, view: ExecutionView): Calls {
  const { model } = useEnvironment();
  if (!model) {
    throw new Error('A document needs the model.');
  }
  const calls = React.useMemo(
    () => new Calls(model.api, target),
    [model, target]
  );
  const [, draw] = React.useReducer((value: number) => value + 1, 0);
  React.useEffect(() => {
    const onChanged = (): void => {
      draw();
    };
    calls.changed.connect(onChanged);
    return () => {
      calls.changed.disconnect(onChanged);
    };
  }, [calls]);
  React.useMemo(() => {
    calls.outdate();
  }, [calls, view]);
  return calls;
}

/**
 * A call as the document shows it; null if it leaves it out.
 */
export function callIn(
  view: ExecutionView,
  selected: ISelected
): CallView | null {
  for (const row of view.rows) {
    if (row.kind === 'child' && row.exec_id === selected.owner) {
      for (const inner of row.rows) {
        if (inner.kind === 'call' && inner.name === selected.call) {
          return inner;
        }
      }
    } else if (
      row.kind === 'call' &&
      selected.owner === view.exec_id &&
      row.name === selected.call
    ) {
      return row;
    }
  }
  return null;
}
