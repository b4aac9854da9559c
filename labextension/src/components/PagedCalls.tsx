import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import type { CallView } from '../documents';
import { CallRow } from './CallRow';
import { useEnvironment } from './context';

const PAGE = 100;
const ROW_HEIGHT = 28;

/**
 * All calls, however many: the server sends them in pages, and only rows in sight are drawn.
 */
export function PagedCalls(props: {
  checkpoint?: string;
  /** `sequence` of the first of them. */
  first?: number;
  total: number;
  /** Another one says that calls have changed. */
  version?: string;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const scroller = React.useRef<HTMLDivElement>(null);
  const { page, problem, want } = usePages(
    props.checkpoint,
    props.first,
    props.version
  );
  const rows = useVirtualizer({
    count: props.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10
  });
  const items = rows.getVirtualItems();
  const first = Math.floor((items[0]?.index ?? 0) / PAGE);
  const last = Math.floor((items[items.length - 1]?.index ?? 0) / PAGE);
  React.useEffect(() => {
    want(first);
    want(last);
  }, [want, first, last]);
  return (
    <div
      ref={scroller}
      className="jp-kitaru-scroller"
      tabIndex={0}
      role="region"
      aria-label={trans.__('All calls')}
    >
      {problem && <div role="alert">{problem}</div>}
      <ol
        className="jp-kitaru-rows jp-kitaru-virtual"
        style={{ height: rows.getTotalSize() }}
        aria-label={trans.__('All calls')}
      >
        {items.map(item => {
          const call = page(Math.floor(item.index / PAGE))?.[item.index % PAGE];
          const place = {
            ref: rows.measureElement,
            'data-index': item.index,
            style: { transform: `translateY(${item.start}px)` }
          };
          return call ? (
            <CallRow key={item.key} call={call} item={place} />
          ) : (
            <li key={item.key} className="jp-kitaru-row-item" {...place}>
              <div className="jp-kitaru-row">…</div>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

interface IPages {
  page(number: number): readonly CallView[] | undefined;
  problem: string | null;
  want(number: number): void;
}

function usePages(
  checkpoint: string | undefined,
  from: number | undefined,
  version: string | undefined
): IPages {
  const { model, live } = useEnvironment();
  const [pages, setPages] = React.useState<ReadonlyMap<number, CallView[]>>(
    new Map()
  );
  const [problem, setProblem] = React.useState<string | null>(null);
  const asked = React.useRef(new Set<number>());
  const want = React.useMemo(() => {
    // Whatever changed is asked for again; what is shown stays until the answer is here.
    asked.current = new Set();
    return (number: number): void => {
      if (!model || !live || asked.current.has(number)) {
        return;
      }
      asked.current.add(number);
      const filter = {
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(from === undefined ? {} : { first: from })
      };
      model.api
        .calls(live, { ...filter, offset: number * PAGE, limit: PAGE })
        .then(
          answer => {
            setPages(known => new Map(known).set(number, answer.items));
            setProblem(null);
          },
          (error: unknown) => {
            asked.current.delete(number);
            setProblem(error instanceof Error ? error.message : String(error));
          }
        );
    };
  }, [model, live, checkpoint, from, version]);
  return { page: number => pages.get(number), problem, want };
}
