import { asCli, asPython } from '../document/texts';
import { addressOf, refIn } from '../document/location';
import { contentsPath, definitionOf } from '../document/notebook';
import { editableOf, parsed } from '../document/values';
import type { ValueView } from '../documents';

const value = (text: string, preview: ValueView['preview']): ValueView => ({
  text,
  preview,
  type: null,
  size: null,
  artifact_id: null
});

describe('a recorded value', () => {
  it.each([
    ['text', value("'Tea'", { kind: 'text', value: 'Tea' }), 'Tea'],
    ['number', value('3', { kind: 'text' }), '3'],
    ['number', value('-0.5', { kind: 'text' }), '-0.5'],
    ['boolean', value('True', { kind: 'text' }), 'true'],
    ['json', value('None', { kind: 'text' }), 'null'],
    ['json', value('[1]', { kind: 'json', data: [1] }), '[\n  1\n]'],
    ['none', value('[1, …]', { kind: 'json', data: [1], cut: true }), ''],
    ['none', value('<Model>', { kind: 'object', type: 'Model' }), ''],
    ['none', value('nan', { kind: 'text' }), '']
  ])('is edited as %s: %j', (editor, recorded, shown) => {
    expect(editableOf(recorded)).toMatchObject({ editor, recorded: shown });
  });

  it.each([
    ['number', '3', { type: 'integer' }, value('3', { kind: 'text' })],
    [
      'choice',
      '1',
      { enum: ['small', 'large'] },
      value("<Size.LARGE: 'large'>", { kind: 'object' })
    ],
    [
      'date',
      '2026-01-02',
      { type: 'string', format: 'date' },
      value('datetime.date(2026, 1, 2)', { kind: 'object' })
    ],
    [
      'text',
      '',
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      value('None', { kind: 'text' })
    ],
    [
      'form',
      '{\n  "a": 1\n}',
      { type: 'object', properties: { a: { type: 'integer' } } },
      value('M(a=1)', { kind: 'object', data: { a: 1 } })
    ],
    ['json', '', {}, value('<Frame>', { kind: 'object' })]
  ])(
    'is edited as its type needs it: %s %j',
    (editor, recorded, schema, of) => {
      expect(editableOf(of, schema)).toMatchObject({ editor, recorded });
    }
  );

  it('may be set to None where its type says so', () => {
    const schema = { anyOf: [{ type: 'integer' }, { type: 'null' }] };
    const field = editableOf(value('3', { kind: 'text' }), schema);
    expect(parsed(field, '')).toEqual({ value: null });
    expect(parsed(field, '4')).toEqual({ value: 4 });
  });

  it('is never taken for whole where only a part of it is known', () => {
    const schema = { type: 'array', items: { type: 'integer' } };
    const cut = { kind: 'json', data: [0, 1, '… 80 more'] };
    expect(editableOf(value('[0, 1, … 80 more]', cut), schema)).toMatchObject({
      editor: 'form',
      recorded: '',
      shown: '[0, 1, … 80 more]'
    });
  });

  it('is refused where it is no value of its type', () => {
    const whole = editableOf(value('3', { kind: 'text' }));
    const part = editableOf(value('3.5', { kind: 'text' }));
    const data = editableOf(value('{}', { kind: 'json', data: {} }));
    expect(parsed(whole, '4')).toEqual({ value: 4 });
    expect(parsed(whole, '4.5')).toEqual({ problem: 'integer' });
    expect(parsed(part, '4')).toEqual({ value: 4 });
    expect(parsed(part, '')).toEqual({ problem: 'number' });
    expect(parsed(data, '{')).toEqual({ problem: 'json' });
    expect(parsed(data, '{"a": 1}')).toEqual({ value: { a: 1 } });
  });
});

describe('the cell that defines a name', () => {
  const cells = [
    'def step(n):\n    return n',
    'step_2 = step(1)',
    '%%kitaru_flow report -p topic="Tea"\nstep(1)',
    '@checkpoint\nasync def step(n):\n    return n + 1'
  ];

  it('is the last one', () => {
    expect(definitionOf('step', cells)).toBe(3);
  });

  it('may be one with a magic', () => {
    expect(definitionOf('report', cells)).toBe(2);
  });

  it('is none if nothing defines it by now', () => {
    expect(definitionOf('ste', cells)).toBe(-1);
    expect(definitionOf('a(', cells)).toBe(-1);
  });
});

describe('the path of a notebook', () => {
  it.each([
    ['/srv/books/a/b.ipynb', '/srv/books', 'a/b.ipynb'],
    ['/srv/people/books/b.ipynb', '~/books', 'b.ipynb'],
    ['b.ipynb', '/srv/books', 'b.ipynb']
  ])('%s below %s is %s', (path, root, found) => {
    expect(contentsPath(path, root)).toBe(found);
  });
});

describe('an address', () => {
  it('names an execution and its home', () => {
    const ref = { execId: 'kr-1', home: 'h 2' };
    const address = addressOf('http://server/base/', ref);
    expect(address).toBe('http://server/base/lab?kitaru=kr-1&home=h+2');
    expect(refIn(new URL(address).search)).toEqual({
      execId: 'kr-1',
      home: 'h 2'
    });
    expect(refIn('?reset')).toBeNull();
  });
});

it('is copied as what goes on with it', () => {
  expect(asCli('kr-1', 'failed')).toBe('kitaru executions retry kr-1');
  expect(asCli('kr-1', null)).toBe('kitaru executions get kr-1');
  expect(asPython('kr-1')).toContain('.executions.get("kr-1")');
});
