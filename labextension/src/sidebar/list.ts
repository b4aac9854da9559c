import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IChange } from '../api';
import { problemText } from '../components/problem';
import type { HomeInfo } from '../documents';
import type { IExecutionModel } from '../tokens';
import { RETRY } from '../watched';
import { counted, sectionsOf } from './groups';
import { NO_FILTERS, type Grouping, type IFilters } from './query';
import { Reading } from './reading';
import { inSight, rowAt, sizeOf, type ListRow } from './rows';
import type { Section } from './section';

/** Milliseconds between two readings while executions change. */
const INTERVAL = 500;
const GROUPED_INTERVAL = 2000;

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
    return this._sections.reduce((sum, one) => sum + sizeOf(one), 0);
  }

  /** Number of executions that fit the filters. */
  get total(): number {
    return this._sections.reduce((sum, one) => sum + (one.total ?? 0), 0);
  }

  /**
   * What stands in a row; null below the last one, which a view may still draw while the list gets shorter.
   */
  row(index: number): ListRow | null {
    return rowAt(this._sections, index);
  }

  /** Id of the home whose executions are shown; null for that of the server's root folder. */
  get home(): string | null {
    return this.filters.home || null;
  }

  /**
   * Read only while somebody looks.
   */
  get visible(): boolean {
    return this._reading.visible;
  }

  set visible(value: boolean) {
    this._reading.visible = value;
    if (value && this._stale) {
      this._reading.now();
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
    this._reading.now();
  }

  fold(section: Section, open: boolean): void {
    section.open = open;
    this._changed.emit();
    if (open) {
      this._reading.now();
    }
  }

  /**
   * Say which rows are in sight.
   */
  readonly sight = (first: number, last: number): void => {
    if (first !== this._first || last !== this._last) {
      this._first = first;
      this._last = last;
      this._reading.now();
    }
  };

  dispose(): void {
    this._isDisposed = true;
    this._following?.dispose();
    this._reading.dispose();
    window.clearTimeout(this._later);
    Signal.clearData(this);
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
    this._reading.soon();
  }

  private readonly _look = async (): Promise<void> => {
    try {
      const changed = await this._read();
      if (!changed && this.problem === null && this.loaded) {
        return;
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
  };

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
      this._sections = await sectionsOf(
        this.model,
        this.trans,
        this.filters,
        this.grouping,
        this._sections
      );
    }
    for (const [section, first, last] of inSight(
      this._sections,
      this._first,
      this._last
    )) {
      changed = (await section.want(first, last)) || changed;
    }
    return changed;
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

  private readonly _changed = new Signal<this, void>(this);
  private readonly _reading = new Reading(this._look, () =>
    this.grouping === '' ? INTERVAL : GROUPED_INTERVAL
  );
  private _following: IDisposable | null = null;
  private _sections: Section[] = [];
  private _first = 0;
  private _last = 0;
  private _stale = true;
  private _rebuild = true;
  private _later: number | undefined;
  private _isDisposed = false;
}
