import { FormComponent } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ErrorSchema, FieldTemplateProps } from '@rjsf/utils';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- this module is only loaded when a form is shown
import { customizeValidator } from '@rjsf/validator-ajv8';
import * as React from 'react';

import { useEnvironment } from './context';
import { drawable, drawing, inWords } from './schemas';

// Python's times need no time zone, and the server has the last word on every format.
const validator = customizeValidator<ReadonlyJSONObject>({
  customFormats: {
    time: /^\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$/,
    'date-time': /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/
  }
});

export interface ISchemaFormProps {
  id: string;
  schema: Record<string, unknown>;
  /** What is asked, for fields without a label of their own. */
  question: string;
  value: unknown;
  errors: ErrorSchema;
  disabled: boolean;
  onChange(value: unknown): void;
  onSubmit(value: unknown): void;
  /** Buttons below the fields. */
  children: React.ReactNode;
}

/**
 * A form of the fields that a JSON schema describes, as JupyterLab's own settings are drawn.
 */
export default function SchemaForm(props: ISchemaFormProps): React.JSX.Element {
  const schema = React.useMemo(() => drawable(props.schema), [props.schema]);
  const { trans } = useEnvironment();
  const uiSchema = React.useMemo(() => drawing(schema), [schema]);
  return (
    <FormComponent
      className="jp-kitaru-form"
      idPrefix={props.id}
      schema={schema}
      uiSchema={uiSchema}
      validator={validator}
      // A value may be no object; the library's types know objects only.
      formData={props.value as ReadonlyJSONObject}
      formContext={{ question: props.question, root: props.id }}
      extraErrors={props.errors}
      disabled={props.disabled}
      templates={{ FieldTemplate }}
      transformErrors={errors =>
        errors.map(error => ({ ...error, message: inWords(error, trans) }))
      }
      compact
      buttonStyle="text"
      showErrorList={false}
      noHtml5Validate
      focusOnFirstError
      onChange={({ formData }) => {
        props.onChange(formData);
      }}
      onSubmit={({ formData }) => {
        props.onSubmit(formData);
      }}
    >
      {props.children}
    </FormComponent>
  );
}

/**
 * JupyterLab's own template ties no label to its field.
 */
function FieldTemplate(props: FieldTemplateProps): React.JSX.Element {
  const { id, schema, children, rawErrors, required, hidden } = props;
  const context = props.formContext as { question: string; root: string };
  if (hidden) {
    return <div hidden>{children}</div>;
  }
  const isRoot = id === context.root;
  const isGroup = schema.type === 'object' || schema.type === 'array';
  const errors = [...new Set(rawErrors)];
  return (
    <div
      className={`jp-kitaru-field ${isGroup ? 'jp-kitaru-field-group' : ''}`}
    >
      {!isGroup && (props.displayLabel || isRoot) && (
        <label
          htmlFor={id}
          className={isRoot ? 'jp-kitaru-unseen' : 'jp-kitaru-label'}
        >
          {isRoot ? context.question : props.label}
          {required && !isRoot ? <span aria-hidden="true"> *</span> : null}
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
