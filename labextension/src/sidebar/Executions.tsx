import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { useEnvironment, useNow } from '../components/context';
import { count } from '../components/format';
import { VirtualTree, type ITreeRow } from '../components/VirtualTree';
import type { ExecutionSummary } from '../documents';
import { Filters } from './Filters';
import { madeOf, type IMade } from './item';
import type { ExecutionList } from './list';
import { isFiltered } from './query';
import { Teach } from './Teach';

const ROW_HEIGHT = 44;
/** Milliseconds without an answer that need an explanation. */
const LATE = 1000;

/**
 * The list of executions with what to look for above it.
 */
export function Executions(props: {
  list: ExecutionList;
  open(ref: IExecutionRef): void;
  /** Told whenever there is another list to see. */
  onDrawn?(): void;
}): React.JSX.Element {
  const { list } = props;
  const { trans } = useEnvironment();
  useChanges(list);
  const hasRows = list.count > 0;
  React.useEffect(() => {
    props.onDrawn?.();
  }, [hasRows]);
  const isEmpty = list.loaded && list.count === 0 && !list.problem;
  return (
    <div className="jp-kitaru-executions" data-kitaru-home={list.home ?? ''}>
      {(!isEmpty || isFiltered(list.filters)) && <Filters list={list} />}
      {list.problem && (
        <p className="jp-kitaru-problem" role="alert">
          {list.problem}
        </p>
      )}
      {isEmpty && isFiltered(list.filters) && (
        <p className="jp-kitaru-nothing">
          {trans.__('No execution fits these filters.')}
        </p>
      )}
      {isEmpty && !isFiltered(list.filters) && <Teach />}
      {!list.loaded && list.count === 0 && !list.problem && <Asking />}
      {list.count > 0 && <Rows {...props} />}
    </div>
  );
}

/**
 * Says that there is no answer yet, once that takes long: a server that is away is tried for seconds.
 */
function Asking(): React.JSX.Element | null {
  const { trans } = useEnvironment();
  const [late, setLate] = React.useState(false);
  React.useEffect(() => {
    const timer = setTimeout(() => {
      setLate(true);
    }, LATE);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return late ? (
    <p className="jp-kitaru-nothing" aria-live="polite">
      {trans.__('Asking the server…')}
    </p>
  ) : null;
}

/**
 * The rows of a list; those of one flow are titled by their ids.
 */
export function Rows(props: {
  list: ExecutionList;
  open(ref: IExecutionRef): void;
  ofOneFlow?: boolean;
}): React.JSX.Element {
  const { list, open, ofOneFlow = false } = props;
  const { trans } = useEnvironment();
  const now = useNow(true);
  const [active, setActive] = useActive(list);
  const made = React.useMemo(
    () => new WeakMap<ExecutionSummary, IMade>(),
    [now, trans]
  );
  const make = (execution: ExecutionSummary): IMade => {
    const known =
      made.get(execution) ?? madeOf(execution, now, trans, ofOneFlow);
    made.set(execution, known);
    return known;
  };
  const row = (index: number): ITreeRow | null => {
    const found = list.row(index);
    if (found === null) {
      return null;
    }
    if (found.kind === 'section') {
      const { key, title, open: expanded, total } = found.section;
      return {
        key,
        level: 1,
        expanded,
        className: 'jp-kitaru-group',
        content: (
          <>
            <span className="jp-kitaru-caret" aria-hidden="true" />
            <span className="jp-kitaru-name">{title}</span>
            <span className="jp-kitaru-dim">{count(total ?? 0)}</span>
          </>
        )
      };
    }
    const { section, execution, index: place } = found;
    return {
      key: execution?.exec_id ?? `${section.key} ${place}`,
      level: section.title === null ? 1 : 2,
      position: [place + 1, section.total ?? 0],
      className: 'jp-kitaru-item',
      ...(execution
        ? make(execution)
        : { content: <span className="jp-kitaru-dim">…</span> })
    };
  };
  return (
    <VirtualTree
      label={trans.__('Executions')}
      count={list.count}
      rowHeight={ROW_HEIGHT}
      row={row}
      active={active}
      onActive={setActive}
      onSight={list.sight}
      onFold={(index, expanded) => {
        const found = list.row(index);
        if (found?.kind === 'section') {
          list.fold(found.section, expanded);
        }
      }}
      onOpen={index => {
        const found = list.row(index);
        if (found?.kind === 'section') {
          list.fold(found.section, !found.section.open);
        } else if (found?.execution) {
          open({ execId: found.execution.exec_id, home: list.home });
        }
      }}
    />
  );
}

/**
 * The current row: it stays with its execution while newer ones come above it.
 */
function useActive(list: ExecutionList): [number, (index: number) => void] {
  const [active, setActive] = React.useState({ index: -1, key: '' });
  const keyAt = (index: number): string => {
    const found = list.row(index);
    return found?.kind === 'execution' ? (found.execution?.exec_id ?? '') : '';
  };
  let { index } = active;
  if (active.key !== '' && keyAt(index) !== active.key) {
    const near = Array.from({ length: 50 }, (_, step) => index + step - 10);
    index =
      near.find(
        place => place >= 0 && place < list.count && keyAt(place) === active.key
      ) ?? index;
  }
  const key = active.key || keyAt(index);
  React.useEffect(() => {
    // One that was chosen before it was fetched is followed from now on; one that has moved, from where it is.
    if (key !== active.key || index !== active.index) {
      // Unless another row was chosen meanwhile.
      setActive(latest => (latest === active ? { index, key } : latest));
    }
  }, [active, index, key]);
  return [
    Math.min(index, list.count - 1),
    place => {
      setActive({ index: place, key: keyAt(place) });
    }
  ];
}

/**
 * Draw anew whenever a list is another.
 */
export function useChanges(list: {
  readonly changed: ISignal<unknown, void>;
}): void {
  const [, draw] = React.useReducer((value: number) => value + 1, 0);
  React.useEffect(() => {
    const onChanged = (): void => {
      draw();
    };
    list.changed.connect(onChanged);
    draw();
    return () => {
      list.changed.disconnect(onChanged);
    };
  }, [list]);
}
