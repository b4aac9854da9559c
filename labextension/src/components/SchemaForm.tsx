import { FormComponent } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import {
  toErrorList,
  type ErrorSchema,
  type RJSFSchema,
  type UiSchema
} from '@rjsf/utils';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- this module is only loaded when a form is shown
import { customizeValidator } from '@rjsf/validator-ajv8';
import * as React from 'react';

import { useEnvironment } from './context';
import type { IFormContext } from './FormLegend';
import { FieldTemplate, ObjectTemplate } from './FormTemplates';
import { JsonEditor } from './JsonEditor';
import { ArrayTemplate } from './ListTemplate';
import { drawable, drawing, inWords, isDrawable, typeOf } from './schemas';
import { SelectWidget } from './SelectWidget';
import { stillTold } from './told';

// Python's times need no time zone, and the server has the last word on every format.
const validator = customizeValidator<ReadonlyJSONObject>({
  customFormats: {
    time: /^\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$/,
    'date-time': /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/
  }
});

const templates = {
  FieldTemplate,
  ArrayFieldTemplate: ArrayTemplate,
  ObjectFieldTemplate: ObjectTemplate
};

export interface ISchemaFormProps {
  id: string;
  schema: Record<string, unknown>;
  /** What is asked, for fields without a label of their own. */
  question: string;
  value: unknown;
  errors: ErrorSchema;
  disabled: boolean;
  /** Whether it is a part of something larger, which has no button of its own and checks while one types. */
  isPart?: boolean;
  /** Whether a part tells of nothing that is wrong yet, as nobody has tried to send it. */
  isQuiet?: boolean;
  /** What is typed where no form is drawn; an answer, if nothing is said. */
  jsonLabel?: string;
  /** How some of its fields are drawn. */
  drawing?: UiSchema<ReadonlyJSONObject>;
  onChange(value: unknown, isFine: boolean): void;
  onSubmit?(value: unknown): void;
  /** Buttons below the fields. */
  children?: React.ReactNode;
}

/**
 * A form of the fields that a JSON schema describes; what cannot be drawn so is typed as JSON.
 */
export default function SchemaForm(props: ISchemaFormProps): React.JSX.Element {
  const canDraw = React.useMemo(() => isDrawable(props.schema), [props.schema]);
  const [asText, setAsText] = React.useState(!canDraw);
  const { trans } = useEnvironment();
  const isPlain = !['object', 'array', undefined].includes(
    typeOf(props.schema)
  );
  return (
    <>
      {asText ? <TextForm {...props} /> : <DrawnForm {...props} />}
      {canDraw && !isPlain && (
        <button
          type="button"
          className="jp-kitaru-link jp-kitaru-switch"
          onClick={() => {
            setAsText(!asText);
          }}
        >
          {asText ? trans.__('Fill in a form') : trans.__('Edit as JSON')}
        </button>
      )}
    </>
  );
}

function DrawnForm(props: ISchemaFormProps): React.JSX.Element {
  const { trans } = useEnvironment();
  const [tried, setTried] = React.useState<{ value: unknown } | null>(null);
  const schema = React.useMemo(
    () => drawable(props.schema, trans),
    [props.schema, trans]
  );
  const uiSchema = React.useMemo(
    () => ({ ...drawing(schema), ...props.drawing }),
    [schema, props.drawing]
  );
  const context: IFormContext = { question: props.question, root: props.id };
  return (
    <FormComponent
      className="jp-kitaru-form"
      tagName={props.isPart ? 'div' : undefined}
      // Once it was refused, a message goes as soon as its value is mended.
      liveValidate={(props.isPart === true && !props.isQuiet) || tried !== null}
      idPrefix={props.id}
      schema={schema}
      uiSchema={uiSchema}
      validator={validator}
      // A value may be no object; the library's types know objects only.
      formData={props.value as ReadonlyJSONObject}
      formContext={context}
      extraErrors={stillTold(props.errors, tried?.value, props.value)}
      disabled={props.disabled}
      templates={templates}
      widgets={{ SelectWidget }}
      transformErrors={errors =>
        errors.map(error => ({ ...error, message: inWords(error, trans) }))
      }
      showErrorList={false}
      noHtml5Validate
      focusOnFirstError
      onChange={({ formData, errors }) => {
        props.onChange(formData, errors.length === 0);
      }}
      onError={() => {
        setTried({ value: props.value });
      }}
      onSubmit={({ formData }) => {
        setTried({ value: formData });
        props.onSubmit?.(formData);
      }}
    >
      {props.children ?? <></>}
    </FormComponent>
  );
}

function TextForm(props: ISchemaFormProps): React.JSX.Element {
  const { trans } = useEnvironment();
  const [isJson, setIsJson] = React.useState(true);
  const [checked, setChecked] = React.useState(false);
  const [sent, setSent] = React.useState<unknown>(undefined);
  const schema = props.schema as RJSFSchema;
  const problemsOf = (value: unknown): string[] => {
    const { errors } = validator.validateFormData(
      value as ReadonlyJSONObject,
      schema,
      undefined,
      found =>
        found.map(error => ({ ...error, message: inWords(error, trans) }))
    );
    return errors.map(({ property, message }) => atPlace(property, message));
  };
  const said = stillTold(props.errors, sent, props.value);
  const told = toErrorList(said).map(({ property, message }) =>
    atPlace(property, message)
  );
  const editor = (
    <JsonEditor
      id={props.id}
      label={
        props.isPart
          ? props.question
          : (props.jsonLabel ?? trans.__('Answer as JSON'))
      }
      isLabelled={props.isPart ?? false}
      value={props.value}
      disabled={props.disabled}
      problems={[
        ...new Set([...(checked ? problemsOf(props.value) : []), ...told])
      ]}
      onChange={(value, read) => {
        setIsJson(read);
        setChecked(checked || props.isPart === true);
        props.onChange(value, read && problemsOf(value).length === 0);
      }}
    />
  );
  if (props.isPart) {
    return editor;
  }
  return (
    <form
      className="jp-kitaru-form"
      onSubmit={event => {
        event.preventDefault();
        setChecked(true);
        setSent(props.value);
        if (isJson && problemsOf(props.value).length === 0) {
          props.onSubmit?.(props.value);
        }
      }}
    >
      {editor}
      <Shape schema={props.schema} />
      {props.children}
    </form>
  );
}

function atPlace(property: string | undefined, message = ''): string {
  const place = property?.replace(/^\./, '') ?? '';
  return place === '' ? message : `${place}: ${message}`;
}

/**
 * What is asked for, for people who read schemas.
 */
function Shape(props: {
  schema: Record<string, unknown>;
}): React.JSX.Element | null {
  const { trans } = useEnvironment();
  if (Object.keys(props.schema).length === 0) {
    return null;
  }
  return (
    <details className="jp-kitaru-shape">
      <summary>{trans.__('What fits')}</summary>
      <pre className="jp-kitaru-code" tabIndex={0}>
        {JSON.stringify(props.schema, null, 2)}
      </pre>
    </details>
  );
}
