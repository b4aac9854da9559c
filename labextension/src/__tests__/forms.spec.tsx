import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { Environment } from '../components/context';
import SchemaForm from '../components/SchemaForm';

const trans = nullTranslator.load('kitaru');

/**
 * A form as a question has it; returns what was sent.
 */
function form(schema: Record<string, unknown>): unknown[] {
  const sent: unknown[] = [];
  function Form(): React.JSX.Element {
    const [value, setValue] = React.useState<unknown>(undefined);
    return (
      <SchemaForm
        id="form"
        schema={schema}
        question="What now?"
        value={value}
        errors={{}}
        disabled={false}
        onChange={setValue}
        onSubmit={given => {
          sent.push(given);
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
