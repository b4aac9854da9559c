import * as React from 'react';

import { useEnvironment } from '../components/context';

/**
 * The tags of a version, with a button to remove each where that can be done.
 */
export function Tags(props: {
  tags: Readonly<Record<string, boolean>>;
  /** Whether there is little room. */
  compact?: boolean;
  onRemove?(tag: string): void;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  const { onRemove } = props;
  const tags = Object.entries(props.tags);
  if (tags.length === 0) {
    return null;
  }
  return (
    <span className="jp-kitaru-tags">
      {tags.map(([tag, exclusive]) => (
        <span
          key={tag}
          className="jp-kitaru-tag"
          title={
            exclusive
              ? trans.__('This version alone has it')
              : trans.__('Other versions may have it too')
          }
        >
          {tag}
          {!exclusive && !props.compact && (
            <span className="jp-kitaru-dim"> {trans.__('shared')}</span>
          )}
          {onRemove && tag !== 'default' && (
            <button
              className="jp-kitaru-tag-remove"
              title={trans.__('Remove %1', tag)}
              aria-label={trans.__('Remove the tag %1', tag)}
              onClick={() => {
                onRemove(tag);
              }}
            >
              ×
            </button>
          )}
        </span>
      ))}
    </span>
  );
}
