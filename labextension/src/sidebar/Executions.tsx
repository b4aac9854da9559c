import { Time } from '@jupyterlab/coreutils';
import * as React from 'react';

import type { IExecutionRef } from '../api';
import { useEnvironment, useNow } from '../components/context';
import {
  cost,
  count,
  duration,
  elapsed,
  moment,
  statusText
} from '../components/format';
import { StatusIcon } from '../components/StatusIcon';
import { VirtualTree, type ITreeRow } from '../components/VirtualTree';
import type { ExecutionSummary } from '../documents';
import { Filters } from './Filters';
import type { ExecutionList } from './list';
import { isFiltered } from './query';

const ROW_HEIGHT = 44;

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
      {list.count > 0 && <Rows {...props} />}
    </div>
  );
}

function Rows(props: {
  list: ExecutionList;
  open(ref: IExecutionRef): void;
}): React.JSX.Element {
  const { list, open } = props;
  const { trans } = useEnvironment();
  const now = useNow(true);
  const [active, setActive] = useActive(list);
  const made = React.useMemo(
    () => new WeakMap<ExecutionSummary, IMade>(),
    [now, trans]
  );
  const make = (execution: ExecutionSummary): IMade => {
    const known = made.get(execution) ?? madeOf(execution, now, trans);
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
 * What a row shows and says, made once for as long as it says the same: a list that scrolls draws it in every frame.
 */
type IMade = Pick<ITreeRow, 'content' | 'label' | 'data'>;

function madeOf(
  execution: ExecutionSummary,
  now: number,
  trans: Bundle
): IMade {
  const at = execution.started_at ?? execution.created_at;
  const when = at === null ? '' : ago(at);
  const text = summary(execution, now, trans);
  const status = statusText(trans, execution.status);
  return {
    content: (
      <Item
        execution={execution}
        when={when}
        moment={at === null ? '' : moment(at)}
        text={text}
      />
    ),
    label: [execution.flow, status, when, text].join(', '),
    data: {
      'data-kitaru-execution': execution.exec_id,
      'data-kitaru-status': execution.status
    }
  };
}

function Item(props: {
  execution: ExecutionSummary;
  when: string;
  moment: string;
  text: string;
}): React.JSX.Element {
  const { execution, text } = props;
  const bad = execution.status === 'failed' ? 'jp-kitaru-bad' : '';
  return (
    <>
      <StatusIcon status={execution.status} decorative />
      <span className="jp-kitaru-item-text">
        <span className="jp-kitaru-item-line">
          <span className="jp-kitaru-name">{execution.flow}</span>
          <span className="jp-kitaru-dim jp-kitaru-when" title={props.moment}>
            {props.when}
          </span>
        </span>
        <span
          className={`jp-kitaru-item-line jp-kitaru-dim ${bad}`}
          title={text}
        >
          <span className="jp-kitaru-name">{text}</span>
        </span>
      </span>
    </>
  );
}

type Bundle = ReturnType<typeof useEnvironment>['trans'];

/**
 * What matters most: what is asked, what went wrong, else how far it is and what it took.
 */
function summary(
  execution: ExecutionSummary,
  now: number,
  trans: Bundle
): string {
  const { status, failure, totals, waiting_for: questions } = execution;
  if (status === 'failed' && failure) {
    return failure.split('\n', 1)[0] ?? failure;
  }
  if (status === 'waiting' && questions.length > 0) {
    return trans.__('Asks: %1', questions.join(', '));
  }
  const done = totals.completed + totals.reused;
  const running = status === 'running';
  const took =
    running || execution.ended_at !== null ? elapsed(execution, now) : null;
  return [
    running || status === 'completed' ? null : statusText(trans, status),
    done < totals.calls
      ? trans.__('%1 of %2 calls', count(done), count(totals.calls))
      : trans._n('%1 call', '%1 calls', totals.calls, count(totals.calls)),
    took === null ? null : duration(took),
    totals.cost === null ? null : cost(totals.cost)
  ]
    .filter(part => part !== null)
    .join(' · ');
}

function ago(at: number): string {
  return Time.formatHuman(new Date(at * 1000), 'narrow');
}

/**
 * Nothing is recorded yet: how to begin.
 */
function Teach(): React.JSX.Element {
  const { trans } = useEnvironment();
  return (
    <div className="jp-kitaru-teach">
      <p>
        {trans.__(
          'Flows that you run appear here. Each result is kept on disk, so that a run goes on where it stopped.'
        )}
      </p>
      <p>{trans.__('Begin with two cells:')}</p>
      <pre tabIndex={0} aria-label={trans.__('Example')}>
        {EXAMPLE}
      </pre>
    </div>
  );
}

const EXAMPLE = `%load_ext kitaru

%%kitaru_flow hello -p name="you"
def greet(name):
    return f"Hello {name}"

greet(name)`;

function useChanges(list: ExecutionList): void {
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
