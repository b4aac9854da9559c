import { closeIcon } from '@jupyterlab/ui-components';
import {
  ADDITIONAL_PROPERTY_FLAG,
  canExpand,
  type FieldTemplateProps,
  type ObjectFieldTemplateProps
} from '@rjsf/utils';
import * as React from 'react';

import { useEnvironment } from './context';
import { AddButton, IconButton } from './FormButtons';
import { entryOf, Legend, type IFormContext } from './FormLegend';
import { typeOf } from './schemas';

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
