import { drawable, errorsAt, kindOf } from '../components/schemas';

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
      drawable({
        title: 'Review',
        type: 'object',
        properties: { n: { ...optional, title: 'N' } }
      })
    ).toEqual({
      type: 'object',
      properties: { n: { type: ['integer', 'null'], title: 'N' } }
    });
  });

  it('leaves real alternatives alone', () => {
    const anyOf = [{ type: 'integer' }, { type: 'string' }];
    expect(drawable({ anyOf })).toEqual({ anyOf });
  });

  it('draws a tuple as a list of fixed length', () => {
    const prefixItems = [{ type: 'integer' }, { type: 'string' }];
    expect(drawable({ type: 'array', prefixItems })).toEqual({
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
