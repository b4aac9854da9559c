import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

/**
 * What a row says of itself to screen readers and to menus.
 */
export interface ITreeRow {
  /** The same as long as the row means the same. */
  key: string;
  level: number;
  content: React.ReactNode;
  label?: string | undefined;
  /** Keys that do something in this row alone. */
  keys?: string | undefined;
  /** Whether it is unfolded; undefined if it cannot be. */
  expanded?: boolean | undefined;
  /** Its place among those of its level, from one, and how many there are. */
  position?: readonly [number, number];
  className?: string;
  data?: Readonly<Record<`data-${string}`, string>>;
}

/**
 * A row to bring into sight; another object brings it there again.
 */
export interface IReveal {
  readonly index: number;
}

export interface IVirtualTreeProps {
  label: string;
  /** What its keys do beside those of every tree, for those who hear it. */
  description?: string;
  count: number;
  rowHeight: number;
  className?: string;
  /** What stands in a row; null if there is none any more, as the tree may be drawn while its list changes. */
  row(index: number): ITreeRow | null;
  /** Index of the current row; -1 if there is none. */
  active: number;
  reveal?: IReveal | null;
  onActive(index: number): void;
  onOpen(index: number): void;
  onFold(index: number, open: boolean): void;
  /** An arrow to the side, in a row that has something to go to; false if it has not. */
  onStep?(index: number, by: 1 | -1): boolean;
  onSight?(first: number, last: number): void;
  onKey?(event: React.KeyboardEvent): void;
}

/**
 * A tree or list of any length that is used with the keyboard; only rows in sight are drawn.
 */
export function VirtualTree(props: IVirtualTreeProps): React.JSX.Element {
  const { active, count, reveal, rowHeight, onSight } = props;
  const id = React.useId();
  const scroller = React.useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8
  });
  const items = rows.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items[items.length - 1]?.index ?? 0;
  React.useEffect(() => {
    onSight?.(first, last);
  }, [onSight, first, last, count]);
  React.useEffect(() => {
    if (reveal) {
      rows.scrollToIndex(reveal.index);
    }
  }, [reveal]);
  const go = (index: number): void => {
    const found = Math.max(0, Math.min(count - 1, index));
    rows.scrollToIndex(found);
    props.onActive(found);
  };
  const page = Math.max(
    1,
    Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1
  );
  return (
    <div
      ref={scroller}
      className={`jp-kitaru-tree ${props.className ?? ''}`}
      role="tree"
      tabIndex={0}
      aria-label={props.label}
      aria-describedby={props.description && `${id}-keys`}
      aria-activedescendant={
        active >= first && active <= last && count > 0
          ? `${id}-${active}`
          : undefined
      }
      onKeyDown={event => {
        const move = moveOf(event, active, page, count);
        if (move !== null) {
          go(move);
        } else if (!fold(event, props, go)) {
          props.onKey?.(event);
          return;
        }
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {props.description && (
        <span id={`${id}-keys`} hidden>
          {props.description}
        </span>
      )}
      <div
        className="jp-kitaru-tree-rows"
        role="none"
        style={{ height: rows.getTotalSize() }}
      >
        {items.map(item => {
          const row = props.row(item.index);
          return (
            row && (
              <TreeRow
                key={item.index}
                id={`${id}-${item.index}`}
                row={row}
                top={item.start}
                height={rowHeight}
                current={item.index === active}
                onClick={() => {
                  props.onActive(item.index);
                  props.onOpen(item.index);
                }}
                onContextMenu={() => {
                  props.onActive(item.index);
                }}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function TreeRow(props: {
  id: string;
  row: ITreeRow;
  top: number;
  height: number;
  current: boolean;
  onClick(): void;
  onContextMenu(): void;
}): React.JSX.Element {
  const { row, current } = props;
  const [place, total] = row.position ?? [];
  return (
    <div
      id={props.id}
      className={`jp-kitaru-tree-row ${row.className ?? ''} ${current ? 'jp-mod-selected' : ''}`}
      role="treeitem"
      aria-level={row.level}
      aria-selected={current}
      aria-expanded={row.expanded}
      aria-keyshortcuts={row.keys}
      aria-label={row.label}
      aria-posinset={place}
      aria-setsize={total}
      style={{ height: props.height, transform: `translateY(${props.top}px)` }}
      onClick={props.onClick}
      onContextMenu={props.onContextMenu}
      {...row.data}
    >
      {row.content}
    </div>
  );
}

/**
 * Where a key leads to; null if it leads nowhere.
 */
function moveOf(
  event: React.KeyboardEvent,
  active: number,
  page: number,
  count: number
): number | null {
  if (event.ctrlKey || event.metaKey || event.altKey || count === 0) {
    return null;
  }
  switch (event.key) {
    case 'ArrowDown':
      return active + 1;
    case 'ArrowUp':
      return active < 0 ? 0 : active - 1;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    case 'PageDown':
      return active + page;
    case 'PageUp':
      return active - page;
    default:
      return null;
  }
}

/**
 * Open, fold or unfold the current row, or go up to the one above it in the tree.
 */
function fold(
  event: React.KeyboardEvent,
  props: IVirtualTreeProps,
  go: (index: number) => void
): boolean {
  const { active, count } = props;
  if (active < 0 || active >= count || event.ctrlKey || event.metaKey) {
    return false;
  }
  const row = props.row(active);
  if (row === null) {
    return false;
  }
  const { expanded, level } = row;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key] as 1 | -1 | undefined;
  if (by !== undefined && props.onStep?.(active, by)) {
    return true;
  }
  if (event.key === 'Enter' || event.key === ' ') {
    props.onOpen(active);
  } else if (event.key === 'ArrowRight') {
    if (expanded === false) {
      props.onFold(active, true);
    }
  } else if (event.key === 'ArrowLeft') {
    if (expanded) {
      props.onFold(active, false);
    } else if (level > 1) {
      let above = active - 1;
      while (above > 0 && (props.row(above)?.level ?? 0) >= level) {
        above -= 1;
      }
      go(above);
    }
  } else {
    return false;
  }
  return true;
}
