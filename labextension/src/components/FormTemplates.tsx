import {
  addIcon,
  closeIcon,
  moveDownIcon,
  moveUpIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import {
  ADDITIONAL_PROPERTY_FLAG,
  ariaDescribedByIds,
  canExpand,
  enumOptionsIndexForValue,
  enumOptionsValueForIndex,
  type ArrayFieldTemplateItemType,
  type ArrayFieldTemplateProps,
  type FieldTemplateProps,
  type ObjectFieldTemplateProps,
  type WidgetProps
} from '@rjsf/utils';
import * as React from 'react';

import { useEnvironment } from './context';
import { typeOf } from './schemas';

/**
 * What every part of a form knows of the whole.
 */
export interface IFormContext {
  /** What is asked, for what has no label of its own. */
  question: string;
  /** Id of the outermost field. */
  root: string;
}

/*
 * JupyterLab's own templates tie no label to its field, and their buttons send the form when Enter is pressed in a field.
 */

export function FieldTemplate(props: FieldTemplateProps): React.JSX.Element {
  const { id, schema, children, rawErrors, required, hidden } = props;
  const { trans } = useEnvironment();
  const context = props.formContext as IFormContext;
  if (hidden) {
    return <div hidden>{children}</div>;
  }
  const isRoot = id === context.root;
  const entry = entryOf(id);
  const isEntry = entry !== null;
  const isGroup = hasParts(props);
  const isNamed = ADDITIONAL_PROPERTY_FLAG in schema;
  const errors = [...new Set(rawErrors)];
  return (
    <div
      className={`jp-kitaru-field ${isGroup ? 'jp-kitaru-field-group' : ''}`}
    >
      {isNamed && (
        <div className="jp-kitaru-entry-name">
          <input
            type="text"
            defaultValue={props.label}
            aria-label={trans.__('Name of the entry')}
            onBlur={event => {
              props.onKeyChange(event.target.value);
            }}
          />
          <IconButton
            icon={closeIcon}
            label={trans.__('Remove %1', props.label)}
            onClick={props.onDropPropertyClick(props.label)}
          />
        </div>
      )}
      {!isGroup && (props.displayLabel || isRoot) && (
        <label
          htmlFor={id}
          className={
            isRoot || isEntry || isNamed
              ? 'jp-kitaru-unseen'
              : 'jp-kitaru-label'
          }
        >
          {isRoot
            ? context.question
            : isEntry
              ? trans.__('Entry %1', entry)
              : props.label}
          {required && !isRoot && !isEntry ? (
            <span aria-hidden="true"> *</span>
          ) : null}
        </label>
      )}
      {children}
      {!isGroup && props.rawDescription && (
        <div id={`${id}__description`} className="jp-kitaru-dim">
          {props.rawDescription}
        </div>
      )}
      {errors.length > 0 && (
        <div id={`${id}__error`} className="jp-kitaru-field-error" role="alert">
          {errors.join('; ')}
        </div>
      )}
    </div>
  );
}

/**
 * Whether a template of its own gives it a title: objects and lists, but not a list of choices.
 */
function hasParts({ schema, registry }: FieldTemplateProps): boolean {
  const type = typeOf(schema);
  return (
    type === 'object' ||
    (type === 'array' && !registry.schemaUtils.isMultiSelect(schema))
  );
}

/**
 * The place of an entry of a list, from one.
 */
function entryOf(id: string): number | null {
  const [, index] = /_(\d+)$/.exec(id) ?? [];
  return index === undefined ? null : Number(index) + 1;
}

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

/**
 * Fields that belong together.
 */
export function ObjectTemplate(
  props: ObjectFieldTemplateProps
): React.JSX.Element {
  const { trans } = useEnvironment();
  const { schema, uiSchema, idSchema } = props;
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
      {props.properties.map(property => property.content)}
      {canExpand(schema, uiSchema, props.formData as unknown) && (
        <AddButton
          label={trans.__('Add an entry')}
          onClick={props.onAddClick(schema)}
          disabled={props.disabled}
        />
      )}
    </fieldset>
  );
}

function Legend(props: {
  id: string;
  title: string;
  required: boolean | undefined;
  context: IFormContext;
}): React.JSX.Element {
  const { id, title, required } = props;
  const { trans } = useEnvironment();
  const { question, root } = props.context;
  const entry = entryOf(id);
  if (entry !== null) {
    return (
      <legend className="jp-kitaru-label">
        {title ? `${title} ${entry}` : trans.__('Entry %1', entry)}
      </legend>
    );
  }
  return id === root ? (
    <legend className="jp-kitaru-unseen">{question}</legend>
  ) : (
    <legend className="jp-kitaru-label">
      {title}
      {required ? <span aria-hidden="true"> *</span> : null}
    </legend>
  );
}

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

function AddButton(props: {
  label: string;
  disabled: boolean | undefined;
  onClick(event: React.MouseEvent): void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-kitaru-link jp-kitaru-add"
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <addIcon.react tag="span" width="14px" height="14px" />
      {props.label}
    </button>
  );
}

function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick(event: React.MouseEvent): void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-kitaru-icon-button"
      title={props.label}
      aria-label={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" width="14px" height="14px" />
    </button>
  );
}
