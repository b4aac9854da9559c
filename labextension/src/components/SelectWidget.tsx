import {
  ariaDescribedByIds,
  enumOptionsIndexForValue,
  enumOptionsValueForIndex,
  type WidgetProps
} from '@rjsf/utils';
import * as React from 'react';

import { useEnvironment } from './context';

/**
 * A choice of values; that of a kind of value has no label of its own.
 */
export function SelectWidget(props: WidgetProps): React.JSX.Element {
  const { trans } = useEnvironment();
  const { id, options, placeholder, multiple } = props;
  const { enumOptions = [] } = options;
  const emptyValue: unknown = options.emptyValue;
  const isKind = /__(anyof|oneof)_select$/.test(id);
  const value: unknown = props.value;
  const chosen = enumOptionsIndexForValue(value, enumOptions, multiple);
  const none = multiple ? [] : '';
  return (
    <select
      id={id}
      name={id}
      multiple={multiple}
      className="form-control"
      value={value === undefined ? none : (chosen ?? none)}
      required={props.required}
      disabled={props.disabled === true || props.readonly === true}
      aria-label={isKind ? trans.__('Kind of value') : undefined}
      aria-describedby={ariaDescribedByIds(id)}
      onChange={({ target }) => {
        const indices = multiple
          ? [...target.selectedOptions].map(option => option.value)
          : target.value;
        props.onChange(
          enumOptionsValueForIndex(
            indices,
            enumOptions,
            emptyValue as undefined
          )
        );
      }}
    >
      {!multiple && props.schema.default === undefined && !isKind && (
        <option value="">{placeholder}</option>
      )}
      {enumOptions.map(({ label }, index) => (
        <option key={label} value={String(index)}>
          {label}
        </option>
      ))}
    </select>
  );
}
