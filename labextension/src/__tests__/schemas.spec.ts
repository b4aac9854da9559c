import { nullTranslator } from '@jupyterlab/translation';

import { drawable, errorsAt, isDrawable, kindOf } from '../components/schemas';

const trans = nullTranslator.load('kitaru');

describe('kindOf', () => {
  it('asks with buttons where there is nothing to fill in', () => {
    expect(kindOf(null)).toBe('gate');
    expect(kindOf({ type: 'boolean' })).toBe('boolean');
    expect(kindOf({ type: 'string' })).toBe('form');
  });
});

describe('drawable', () => {
  it('makes a value that may be null one that may be left empty', () => {
    const optional = { anyOf: [{ type: 'integer' }, { type: 'null' }] };
    expect(
      drawable(
        {
          title: 'Review',
          type: 'object',
          properties: { n: { ...optional, title: 'N' } }
        },
        trans
      )
    ).toEqual({
      type: 'object',
      properties: { n: { type: ['integer', 'null'], title: 'N' } }
    });
  });

  it('gives real alternatives names to choose by', () => {
    const anyOf = [{ type: 'integer' }, { $ref: '#/$defs/Size' }];
    expect(drawable({ anyOf }, trans).anyOf).toEqual([
      { type: 'integer', title: 'Whole number' },
      { $ref: '#/$defs/Size' }
    ]);
  });

  it('draws a tuple as a list of fixed length', () => {
    const prefixItems = [{ type: 'integer' }, { type: 'string' }];
    expect(drawable({ type: 'array', prefixItems }, trans)).toEqual({
      type: 'array',
      items: prefixItems,
      additionalItems: false
    });
  });
});

describe('errorsAt', () => {
  it('puts each message at its field, that of the whole at the top', () => {
    expect(
      errorsAt([
        { place: 'items.0.name', message: 'too short' },
        { place: '', message: 'does not fit' }
      ])
    ).toEqual({
      __errors: ['does not fit'],
      items: { 0: { name: { __errors: ['too short'] } } }
    });
  });
});

describe('isDrawable', () => {
  it.each([
    [true, { type: 'string', format: 'date' }],
    [true, { type: 'array', items: { type: 'integer' } }],
    [true, { type: 'object', additionalProperties: { type: 'integer' } }],
    [true, { anyOf: [{ type: 'integer' }, { type: 'null' }] }],
    [
      true,
      { $ref: '#/$defs/Size', $defs: { Size: { enum: ['small', 'large'] } } }
    ],
    [false, {}],
    [false, { type: 'array', items: {} }],
    [false, { type: 'object', additionalProperties: true }],
    [false, { type: 'object', patternProperties: { '^a': {} } }],
    [
      false,
      {
        $ref: '#/$defs/Node',
        $defs: {
          Node: {
            type: 'object',
            properties: {
              below: { type: 'array', items: { $ref: '#/$defs/Node' } }
            }
          }
        }
      }
    ]
  ])('is %s of %j', (can, schema) => {
    expect(isDrawable(schema)).toBe(can);
  });
});
