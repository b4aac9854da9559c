import { closeIcon, moveDownIcon, moveUpIcon } from '@jupyterlab/ui-components';
import type {
  ArrayFieldTemplateItemType,
  ArrayFieldTemplateProps
} from '@rjsf/utils';
import * as React from 'react';

import { useEnvironment } from './context';
import { AddButton, IconButton } from './FormButtons';
import { Legend, type IFormContext } from './FormLegend';

/**
 * A list: its entries one below the other, each with buttons to move and to remove it.
 */
export function ArrayTemplate(
  props: ArrayFieldTemplateProps
): React.JSX.Element {
  const { trans } = useEnvironment();
  const { items, idSchema, schema } = props;
  return (
    <fieldset id={idSchema.$id}>
      <Legend
        id={idSchema.$id}
        title={props.title}
        required={props.required}
        context={props.formContext as IFormContext}
      />
      {schema.description && (
        <div className="jp-kitaru-dim">{schema.description}</div>
      )}
      {items.length > 0 && (
        <ol className="jp-kitaru-entries">
          {items.map(({ key, ...item }) => (
            <Entry key={key} item={item} />
          ))}
        </ol>
      )}
      {props.canAdd && (
        <AddButton
          label={
            items.length > 0
              ? trans.__('Add another')
              : trans.__('Add an entry')
          }
          onClick={props.onAddClick}
          disabled={props.disabled}
        />
      )}
    </fieldset>
  );
}

function Entry(props: {
  item: Omit<ArrayFieldTemplateItemType, 'key'>;
}): React.JSX.Element {
  const { trans } = useEnvironment();
  const { item } = props;
  const { index } = item;
  const place = index + 1;
  return (
    <li className="jp-kitaru-entry">
      {item.children}
      {item.hasToolbar && (
        <span className="jp-kitaru-entry-buttons">
          {item.hasMoveUp && (
            <IconButton
              icon={moveUpIcon}
              label={trans.__('Move entry %1 up', place)}
              onClick={item.onReorderClick(index, index - 1)}
            />
          )}
          {item.hasMoveDown && (
            <IconButton
              icon={moveDownIcon}
              label={trans.__('Move entry %1 down', place)}
              onClick={item.onReorderClick(index, index + 1)}
            />
          )}
          {item.hasRemove && (
            <IconButton
              icon={closeIcon}
              label={trans.__('Remove entry %1', place)}
              onClick={item.onDropIndexClick(index)}
            />
          )}
        </span>
      )}
    </li>
  );
}
