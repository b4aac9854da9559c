import { bytes, cost, duration } from '../components/format';

describe('duration', () => {
  it.each([
    [0, '0 ms'],
    [0.0004, '<1 ms'],
    [0.0854, '85 ms'],
    [0.9996, '1.0 s'],
    [3.24, '3.2 s'],
    [59.97, '1 min 00 s'],
    [245, '4 min 05 s'],
    [7384, '2 h 03 min'],
    [273600, '3 d 4 h'],
    [-1, '0 ms']
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe('cost', () => {
  it.each([
    [0, '$0.00'],
    [0.00001, '<$0.0001'],
    [0.0123, '$0.0123'],
    [1.5, '$1.50']
  ])('writes %d dollars as %s', (dollars, text) => {
    expect(cost(dollars)).toBe(text);
  });
});

describe('bytes', () => {
  it.each([
    [999, '999 B'],
    [1500, '1.5 kB'],
    [52_400_000, '52 MB']
  ])('writes %d as %s', (size, text) => {
    expect(bytes(size)).toBe(text);
  });
});
