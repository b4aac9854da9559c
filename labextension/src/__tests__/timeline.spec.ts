import { barsOf } from '../document/bars';
import { failedOf, rowsOf, toFailed } from '../document/rows';
import { moved, spanOf, zoomed } from '../document/span';
import { ticksOf } from '../document/ticks';
import type { ChildView, GroupView } from '../documents';
import { callView, executionView, waitView } from './server';

const group = (changes: Partial<GroupView> = {}): GroupView => ({
  kind: 'group',
  checkpoint: 'score',
  type: null,
  sequence: 1,
  total: 40,
  completed: 40,
  running: 0,
  failed: 0,
  reused: 0,
  started_at: 1,
  ended_at: 5,
  duration: 4,
  tokens: null,
  cost: null,
  calls: [],
  ...changes
});

const child: ChildView = {
  kind: 'child',
  exec_id: 'kr-2',
  flow: 'inner',
  status: 'completed',
  sequence: 2,
  call: null,
  started_at: 2,
  ended_at: 3,
  calls: 1,
  rows: [callView({ name: 'deep' })]
};

const nothing = new Set<string>();

describe('rows of the timeline', () => {
  const view = executionView({
    rows: [callView({ name: 'first' }), group(), child, waitView()]
  });

  it('are those of the execution while nothing is unfolded', () => {
    const kinds = rowsOf(view, nothing, () => 0).map(row => row.kind);
    expect(kinds).toEqual(['call', 'group', 'child', 'wait']);
  });

  it('hold what is unfolded, one level deeper', () => {
    const [, folded, inner] = rowsOf(view, nothing, () => 0);
    const open = new Set([folded?.key ?? '', inner?.key ?? '']);
    const rows = rowsOf(view, open, () => 3);
    expect(rows.map(row => `${row.kind} ${row.level}`)).toEqual([
      'call 1',
      'group 1',
      'lane 2',
      'lane 2',
      'lane 2',
      'each 2',
      'child 1',
      'call 2',
      'wait 1'
    ]);
  });

  it('are one for each of a few calls', () => {
    const few = executionView({ rows: [group({ total: 3 })] });
    const key = rowsOf(few, nothing, () => 0)[0]?.key ?? '';
    const kinds = rowsOf(few, new Set([key]), () => 3).map(row => row.kind);
    expect(kinds).toEqual(['group', 'paged', 'paged', 'paged']);
  });

  it('begin with the calls that failed, of many', () => {
    const many = executionView({ rows: [group({ failed: 2 })] });
    const key = rowsOf(many, nothing, () => 0)[0]?.key ?? '';
    const rows = rowsOf(many, new Set([key]), () => 2);
    expect(rows.map(row => `${row.kind} ${row.level}`)).toEqual([
      'group 1',
      'paged 2',
      'paged 2',
      'lane 2',
      'lane 2',
      'each 2'
    ]);
  });

  it('fold many that failed', () => {
    const many = executionView({ rows: [group({ total: 99, failed: 30 })] });
    const folded = rowsOf(many, nothing, () => 0)[0];
    const open = new Set(folded ? toFailed(folded) : []);
    const rows = rowsOf(many, open, () => 1);
    expect(rows[1]).toMatchObject({ kind: 'each', failed: true, total: 30 });
    expect(rows.slice(2, 32).every(row => row.level === 3)).toBe(true);
    expect(rows.slice(32).map(row => row.kind)).toEqual(['lane', 'each']);
  });

  it('say where what the document leaves out has calls that failed', () => {
    const rows = [callView({ status: 'failed' })];
    const totals = { ...executionView().totals, calls: 90, failed: 1 };
    const known = executionView({ rows, totals, hidden: 89 });
    const more = executionView({
      rows,
      totals: { ...totals, failed: 3 },
      hidden: 89
    });
    const [, seen] = rowsOf(known, nothing, () => 0);
    const [, unseen] = rowsOf(more, nothing, () => 0);
    expect([failedOf(seen), failedOf(unseen)]).toEqual([0, 3]);
  });

  it('are one for each of many calls where that is asked for', () => {
    const many = executionView({ rows: [group({ total: 40 })] });
    const key = rowsOf(many, nothing, () => 0)[0]?.key ?? '';
    const open = new Set([key, `${key} each`]);
    const kinds = rowsOf(many, open, () => 2).map(row => row.kind);
    expect(kinds.slice(0, 5)).toEqual([
      'group',
      'lane',
      'lane',
      'each',
      'paged'
    ]);
    expect(kinds).toHaveLength(44);
  });

  it('say of a call whose execution made it', () => {
    const key = rowsOf(view, nothing, () => 0)[2]?.key ?? '';
    const deep = rowsOf(view, new Set([key]), () => 0)[3];
    expect(deep).toMatchObject({ owner: 'kr-2', call: { name: 'deep' } });
  });

  it('have a place for what the document leaves out', () => {
    const cut = executionView({
      rows: [
        callView({ name: 'a', sequence: 0 }),
        callView({ name: 'z', sequence: 90 })
      ],
      hidden: 89
    });
    const kinds = rowsOf(cut, nothing, () => 0).map(row => row.kind);
    expect(kinds).toEqual(['call', 'hidden', 'call']);
  });

  it('have no bar before they began, and an open one while they go on', () => {
    const row = (started: number | null, ended: number | null) =>
      barsOf(
        rowsOf(
          executionView({
            rows: [callView({ started_at: started, ended_at: ended })]
          }),
          nothing,
          () => 0
        )[0] as never
      );
    expect(row(null, null)).toEqual([]);
    expect(row(1, null)[0]?.to).toBeNull();
    expect(row(1, 2)[0]?.to).toBe(2);
  });
});

describe('the time in sight', () => {
  it('reaches over all rows and is never empty', () => {
    const view = executionView({
      status: 'completed',
      started_at: 10,
      ended_at: 10,
      rows: []
    });
    const { from, to } = spanOf(view, 99);
    expect(from).toBe(10);
    expect(to).toBeGreaterThan(from);
  });

  it('grows with what goes on', () => {
    const view = executionView({
      status: 'running',
      started_at: 10,
      ended_at: null,
      rows: []
    });
    expect(spanOf(view, 25)).toEqual({ from: 10, to: 25 });
  });

  it('keeps the moment under the pointer where it is', () => {
    const whole = { from: 0, to: 100 };
    const span = zoomed(whole, whole, 0.5, 20);
    expect(span).toEqual({ from: 10, to: 60 });
  });

  it('is the whole again when there is nothing more to zoom out', () => {
    const whole = { from: 0, to: 100 };
    expect(zoomed({ from: 10, to: 60 }, whole, 4, 30)).toBeNull();
  });

  it('never leaves the whole', () => {
    const whole = { from: 0, to: 100 };
    expect(moved({ from: 40, to: 90 }, whole, 1)).toEqual({
      from: 50,
      to: 100
    });
    expect(moved({ from: 10, to: 60 }, whole, -1)).toEqual({ from: 0, to: 50 });
  });
});

describe('the axis', () => {
  const texts = (length: number, most: number, from = 0): string[] =>
    ticksOf({ from: 5 + from, to: 5 + from + length }, 5, most).map(
      ({ text }) => text
    );

  it.each([
    [0.01, ['0', '2 ms', '4 ms', '6 ms', '8 ms', '10 ms']],
    [3, ['0', '500 ms', '1 s', '1.5 s', '2 s', '2.5 s', '3 s']],
    [50, ['0', '10 s', '20 s', '30 s', '40 s', '50 s']],
    [600, ['0', '2:00', '4:00', '6:00', '8:00', '10:00']],
    [7200, ['0', '30:00', '1:00:00', '1:30:00', '2:00:00']]
  ])('has round times over %d s', (length, expected) => {
    expect(texts(length, 6)).toEqual(expected);
  });

  it('has its ends where no two round times fit', () => {
    expect(texts(1.634, 1)).toEqual(['0', '1.6 s']);
    expect(texts(0.0179, 1)).toEqual(['0', '18 ms']);
    expect(texts(0.45, 2)).toEqual(['0', '450 ms']);
    expect(texts(3725.4, 1)).toEqual(['0', '1:02:05']);
    expect(texts(0.2, 1, 1.31)).toEqual(['1.31 s', '1.51 s']);
  });

  it('has ends however short it is', () => {
    expect(texts(0.0001, 1)).toHaveLength(2);
  });
});
