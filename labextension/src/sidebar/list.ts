import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IChange, IExecutionsQuery, IPage } from '../api';
import { problemText } from '../components/problem';
import type { ExecutionSummary, HomeInfo } from '../documents';
import type { IExecutionModel } from '../tokens';
import { RETRY } from '../watched';
import { counted, partsOf } from './groups';
import { NO_FILTERS, queryOf, type Grouping, type IFilters } from './query';
import { Section } from './section';

/** Milliseconds between two readings while executions change. */
const INTERVAL = 500;
/** Milliseconds until the first reading after a rest: one step of a flow tells several changes in a row. */
const SETTLE = 40;
const GROUPED_INTERVAL = 2000;

export type ListRow =
  | { kind: 'section'; section: Section }
  | {
      kind: 'execution';
      section: Section;
      index: number;
      execution: ExecutionSummary | undefined;
    };

/**
 * The executions that somebody chose to see, kept up to date while the list is in sight.
 */
export class ExecutionList implements IDisposable {
  constructor(
    readonly model: IExecutionModel,
    private readonly trans: TranslationBundle
  ) {
    model.changed.connect(this._onChanged, this);
    model.missed.connect(this._outdate, this);
    model.stateChanged.connect(this._onState, this);
  }

  filters: IFilters = NO_FILTERS;
  grouping: Grouping = '';
  /** Why nothing can be shown, in the server's words. */
  problem: string | null = null;
  /** Whether there was an answer for what is chosen. */
  loaded = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Number of rows, titles of groups included. */
  get count(): number {
    return this._sections.reduce((sum, one) => sum + this._rows(one), 0);
  }

  /** Number of executions that fit the filters. */
  get total(): number {
    return this._sections.reduce((sum, one) => sum + (one.total ?? 0), 0);
  }

  /**
   * What stands in a row; null below the last one, which a view may still draw while the list gets shorter.
   */
  row(index: number): ListRow | null {
    let rest = index;
    for (const section of this._sections) {
      const size = this._rows(section);
      if (rest < size) {
        const inner = rest - (section.title === null ? 0 : 1);
        return inner < 0
          ? { kind: 'section', section }
          : {
              kind: 'execution',
              section,
              index: inner,
              execution: section.at(inner)
            };
      }
      rest -= size;
    }
    return null;
  }

  /** Id of the home whose executions are shown; null for that of the server's root folder. */
  get home(): string | null {
    return this.filters.home || null;
  }

  /**
   * Read only while somebody looks.
   */
  get visible(): boolean {
    return this._visible;
  }

  set visible(value: boolean) {
    this._visible = value;
    if (value && this._stale) {
      this._refresh();
    }
  }

  choose(filters: IFilters, grouping: Grouping): void {
    if (filters.home !== this.filters.home) {
      this._following?.dispose();
      this._following = filters.home ? this.model.follow(filters.home) : null;
    }
    this.filters = filters;
    this.grouping = grouping;
    this.loaded = false;
    this._first = this._last = 0;
    this._rebuild = true;
    this._refresh();
  }

  fold(section: Section, open: boolean): void {
    section.open = open;
    this._changed.emit();
    if (open) {
      this._refresh();
    }
  }

  /**
   * Say which rows are in sight.
   */
  readonly sight = (first: number, last: number): void => {
    if (first !== this._first || last !== this._last) {
      this._first = first;
      this._last = last;
      this._refresh();
    }
  };

  dispose(): void {
    this._isDisposed = true;
    this._following?.dispose();
    window.clearTimeout(this._timer);
    window.clearTimeout(this._later);
    Signal.clearData(this);
  }

  private _rows(section: Section): number {
    const title = section.title === null ? 0 : 1;
    return title + (section.open ? (section.total ?? 0) : 0);
  }

  private _onChanged(_: IExecutionModel, batch: readonly IChange[]): void {
    const shown = this.home ?? this.model.home;
    if (batch.some(({ home }) => home === shown)) {
      this._outdate();
    }
  }

  /**
   * A store that goes away tells of no more changes: reading says why.
   */
  private _onState(): void {
    if (this.model.problem) {
      this._outdate();
    }
  }

  private _outdate(): void {
    this._stale = true;
    if (this._visible) {
      const interval = this.grouping === '' ? INTERVAL : GROUPED_INTERVAL;
      const due = this._refreshed + interval - performance.now();
      const wait = Math.max(SETTLE, due);
      this._timer ??= window.setTimeout(() => {
        this._timer = undefined;
        this._refreshed = performance.now();
        this._refresh();
      }, wait);
    }
  }

  private _refresh(): void {
    this._again = true;
    this._running ??= this._run().finally(() => {
      this._running = undefined;
      // Asked for after its last look, while it ended.
      if (this._again && this._visible && !this._isDisposed) {
        this._refresh();
      }
    });
  }

  private async _run(): Promise<void> {
    while (this._again && this._visible && !this._isDisposed) {
      this._again = false;
      try {
        const changed = await this._read();
        if (!changed && this.problem === null && this.loaded) {
          continue;
        }
        this.problem = null;
        this.loaded = true;
      } catch (error) {
        this.problem = problemText(error);
        this._later ??= window.setTimeout(() => {
          this._later = undefined;
          this._outdate();
        }, RETRY);
      }
      this._changed.emit();
    }
  }

  private async _read(): Promise<boolean> {
    let changed = this._rebuild;
    if (this._stale) {
      this._stale = false;
      this._sections.forEach(section => {
        section.outdate();
      });
      this._rebuild ||= this.grouping !== '';
    }
    if (this._rebuild) {
      this._rebuild = false;
      await this._build();
    }
    for (const [section, first, last] of this._inSight()) {
      changed = (await section.want(first, last)) || changed;
    }
    return changed;
  }

  private async _build(): Promise<void> {
    const base = queryOf(this.filters, Date.now() / 1000);
    if (this.grouping === '') {
      this._sections = [new Section('', null, base, null, true, this._ask)];
      return;
    }
    const known = new Map(this._sections.map(one => [one.key, one]));
    const sections = await Promise.all(
      (await partsOf(this.model, this.trans, this.filters, this.grouping)).map(
        async part => {
          const query = merged(base, part.query);
          const total =
            part.total ?? (await this._ask({ ...query, limit: 1 })).total;
          const key = `${this.grouping} ${part.key}`;
          const before = known.get(key);
          if (before?.asks(query)) {
            before.total = total;
            return before;
          }
          return new Section(
            key,
            part.title,
            query,
            total,
            before?.open ?? true,
            this._ask
          );
        }
      )
    );
    this._sections = sections.filter(section => section.total !== 0);
  }

  /**
   * The flows or notebooks of which something is recorded, the busiest first.
   */
  async names(by: 'flow' | 'notebook'): Promise<string[]> {
    return (await counted(this.model, by, {}, this.home)).map(([name]) => name);
  }

  /**
   * The homes to choose from, that of the server's root folder first.
   */
  async homes(): Promise<HomeInfo[]> {
    const { homes } = await this.model.api.status();
    return homes.filter(
      ({ id, recorded }) =>
        recorded || id === this.home || id === this.model.home
    );
  }

  private _inSight(): [Section, number, number][] {
    const found: [Section, number, number][] = [];
    let start = 0;
    for (const section of this._sections) {
      const size = this._rows(section);
      const head = start + (section.title === null ? 0 : 1);
      const first = Math.max(this._first, head) - head;
      const last = Math.min(this._last, start + size - 1) - head;
      if (!section.total) {
        // Of one that is empty the first row may have come.
        found.push([section, 0, 0]);
      } else if (section.open && last >= first) {
        found.push([section, first, last]);
      }
      start += size;
    }
    return found;
  }

  private readonly _ask = (
    query: IExecutionsQuery
  ): Promise<IPage<ExecutionSummary>> =>
    this.model.api.executions(query, this.home);

  private readonly _changed = new Signal<this, void>(this);
  private _following: IDisposable | null = null;
  private _sections: Section[] = [];
  private _first = 0;
  private _last = 0;
  private _visible = false;
  private _stale = true;
  private _rebuild = true;
  private _again = false;
  private _running: Promise<void> | undefined;
  private _timer: number | undefined;
  private _later: number | undefined;
  private _refreshed = -Infinity;
  private _isDisposed = false;
}

/**
 * Both queries at once.
 */
function merged(
  base: IExecutionsQuery,
  part: IExecutionsQuery
): IExecutionsQuery {
  const both = { ...base, ...part };
  if (base.since !== undefined && part.since !== undefined) {
    both.since = Math.max(Number(base.since), Number(part.since));
  }
  return both;
}
