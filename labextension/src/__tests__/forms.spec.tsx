import { nullTranslator } from '@jupyterlab/translation';
import type { ErrorSchema } from '@rjsf/utils';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { Environment } from '../components/context';
import SchemaForm from '../components/SchemaForm';
import { errorsAt } from '../components/schemas';

const trans = nullTranslator.load('kitaru');

/**
 * A form as a question has it; returns what was sent.
 */
function form(
  schema: Record<string, unknown>,
  refuse: (value: unknown) => ErrorSchema = () => ({})
): unknown[] {
  const sent: unknown[] = [];
  function Form(): React.JSX.Element {
    const [value, setValue] = React.useState<unknown>(undefined);
    const [errors, setErrors] = React.useState<ErrorSchema>({});
    return (
      <SchemaForm
        id="form"
        schema={schema}
        question="What now?"
        value={value}
        errors={errors}
        disabled={false}
        onChange={setValue}
        onSubmit={given => {
          sent.push(given);
          setErrors(refuse(given));
        }}
      >
        <button type="submit">Send</button>
      </SchemaForm>
    );
  }
  render(
    <Environment.Provider
      value={{ trans, model: null, live: null, open: undefined }}
    >
      <Form />
    </Environment.Provider>
  );
  return sent;
}

const type = (text: string): void => {
  const field = screen.getByRole('textbox');
  fireEvent.change(field, { target: { value: text } });
};

const send = (): void => {
  fireEvent.click(screen.getByRole('button', { name: 'Send' }));
};

describe('a question that no form can draw', () => {
  const pairs = { type: 'object', additionalProperties: {}, minProperties: 1 };

  it('is answered as JSON', () => {
    const sent = form({});
    type('{"a": [1, null]}');
    send();
    expect(sent).toEqual([{ a: [1, null] }]);
  });

  it('says what is no JSON, and does not send it', () => {
    const sent = form({});
    type('{"a": ');
    send();
    expect(screen.getByRole('alert').textContent).toMatch(/This is no JSON/);
    expect(sent).toEqual([]);
  });

  it('says what does not fit once it is sent', () => {
    const sent = form(pairs);
    type('{}');
    expect(screen.queryByRole('alert')).toBeNull();
    send();
    expect(screen.getByRole('alert').textContent).toMatch(/fewer than 1/);
    type('{"a": 1}');
    expect(screen.queryByRole('alert')).toBeNull();
    send();
    expect(sent).toEqual([{ a: 1 }]);
  });
});

describe('a list', () => {
  const words = { type: 'array', items: { type: 'string' } };

  it('gets entries, which can be moved and removed', () => {
    const sent = form(words);
    fireEvent.click(screen.getByRole('button', { name: 'Add an entry' }));
    type('b');
    fireEvent.click(screen.getByRole('button', { name: 'Add another' }));
    const [, second] = screen.getAllByRole('textbox');
    fireEvent.change(second as Element, { target: { value: 'a' } });
    fireEvent.click(screen.getByRole('button', { name: 'Move entry 2 up' }));
    send();
    fireEvent.click(screen.getByRole('button', { name: 'Remove entry 1' }));
    send();
    expect(sent).toEqual([['a', 'b'], ['b']]);
  });

  it('is no less a list when it is typed as JSON', () => {
    const sent = form(words);
    fireEvent.click(screen.getByRole('button', { name: 'Edit as JSON' }));
    type('["a", 1]');
    send();
    expect(screen.getByRole('alert').textContent).toMatch(/1: /);
    type('["a"]');
    send();
    expect(sent).toEqual([['a']]);
  });
});

describe('a message', () => {
  const guest = {
    type: 'object',
    properties: {
      name: { type: 'string', title: 'Name', minLength: 2 },
      town: { type: 'string', title: 'Town', minLength: 2 }
    }
  };
  const nested = { type: 'object', properties: { guest } };

  const fill = (label: string, text: string): void => {
    fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
  };
  const messages = (): (string | null)[] =>
    screen.queryAllByRole('alert').map(({ textContent }) => textContent);

  it('comes with the first try and goes as soon as its value is mended', () => {
    const sent = form(nested);
    fill('Name', 'A');
    fill('Town', 'B');
    expect(messages()).toEqual([]);
    send();
    expect(messages()).toHaveLength(2);
    fill('Name', 'Ada');
    expect(messages()).toHaveLength(1);
    fill('Town', 'Bari');
    expect(messages()).toEqual([]);
    send();
    expect(sent).toEqual([{ guest: { name: 'Ada', town: 'Bari' } }]);
  });

  it('of the server goes with the value that it is about', () => {
    const refused = errorsAt([
      { place: 'guest.name', message: 'is taken' },
      { place: 'guest.town', message: 'is unknown' }
    ]);
    form(nested, () => refused);
    fill('Name', 'Ada');
    fill('Town', 'Bari');
    send();
    expect(messages()).toEqual(['is taken', 'is unknown']);
    fill('Town', 'Rome');
    expect(messages()).toEqual(['is taken']);
  });
});
