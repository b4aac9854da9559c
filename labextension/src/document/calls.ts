import { Signal, type ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import type { Api, IExecutionRef } from '../api';
import { Pages } from '../components/pages';
import type { CallView } from '../documents';
import type { IBar } from './bars';
import { Lanes } from './lanes';
import { failedKey, type TimelineRow } from './rows';
import type { ISpan } from './span';

interface IPart {
  owner: string;
  checkpoint?: string;
  first?: number;
  status?: string;
}

/**
 * The calls that the document of an execution leaves out, and attempts: fetched when they come into sight.
 */
export class Calls implements IDisposable {
  constructor(
    private readonly api: Api,
    private readonly ref: IExecutionRef
  ) {
    this.lanes = new Lanes(api, ref.home);
    this.lanes.changed.connect(this._tell, this);
  }

  readonly lanes: Lanes;

  /** Another one whenever something was fetched. */
  version = 0;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * The call of a row, once it is known.
   */
  of(row: TimelineRow): CallView | undefined {
    switch (row.kind) {
      case 'call':
        return row.call;
      case 'paged':
        return this._pages.get(row.pages)?.at(row.index);
      default:
        return undefined;
    }
  }

  /**
   * Say what rows there are, and which part of the time is in sight; null for all of it.
   */
  know(rows: readonly TimelineRow[], span: ISpan | null): void {
    this.lanes.show(rows, span);
    for (const row of rows) {
      if (row.kind === 'group') {
        const { checkpoint, sequence: first } = row.group;
        this._divide(row.key, { owner: row.owner, checkpoint, first });
      } else if (row.kind === 'hidden') {
        this._divide(row.key, { owner: row.owner });
      }
    }
  }

  /**
   * Say which rows are in sight.
   */
  sight(rows: readonly TimelineRow[]): void {
    const found = new Map<string, [number, number]>();
    for (const row of rows) {
      if (row.kind === 'paged') {
        const [first] = found.get(row.pages) ?? [row.index];
        found.set(row.pages, [first, row.index]);
      }
      const call = this.of(row);
      if (call && 'owner' in row && call.attempts > 1) {
        this._wantAttempts(row.owner, call);
      }
    }
    for (const [key, [first, last]] of found) {
      this._want(this._pagesOf(key), first, last);
    }
  }

  /**
   * The attempts of a call that needed several, once they are known.
   */
  attempts(owner: string, call: CallView): IBar[] | null {
    return this._attempts.get(attemptsKey(owner, call)) ?? null;
  }

  /**
   * The execution has changed: what is in sight is to be fetched again.
   */
  outdate(): void {
    for (const pages of this._pages.values()) {
      pages.outdate();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this.lanes.dispose();
    Signal.clearData(this);
  }

  private _divide(key: string, part: IPart): void {
    this._parts.set(key, part);
    this._parts.set(failedKey(key), { ...part, status: 'failed' });
  }

  private _pagesOf(key: string): Pages<CallView> {
    let pages = this._pages.get(key);
    if (!pages) {
      const { owner, ...filter } = this._parts.get(key) ?? {
        owner: this.ref.execId
      };
      pages = new Pages<CallView>(
        (offset, limit) =>
          this.api.calls(this._of(owner), { ...filter, offset, limit }),
        null
      );
      this._pages.set(key, pages);
    }
    return pages;
  }

  private _of(execId: string): IExecutionRef {
    return { execId, home: this.ref.home };
  }

  private _want(pages: Pages<CallView>, first: number, last: number): void {
    pages.want(first, last).then(
      fetched => {
        if (fetched) {
          this._tell();
        }
      },
      () => {
        // The document itself says why the server cannot be asked; the next change asks again.
      }
    );
  }

  private _wantAttempts(owner: string, call: CallView): void {
    const key = attemptsKey(owner, call);
    if (this._asked.has(key)) {
      return;
    }
    this._asked.add(key);
    this.api.call(this._of(owner), call.name).then(
      detail => {
        const bars = detail.attempt_list.flatMap(attempt =>
          attempt.started_at === null
            ? []
            : [
                {
                  from: attempt.started_at,
                  to: attempt.ended_at,
                  status: attempt.status as IBar['status']
                }
              ]
        );
        if (bars.length > 0) {
          this._attempts.set(key, bars);
          this._tell();
        }
      },
      () => {
        this._asked.delete(key);
      }
    );
  }

  private _tell(): void {
    if (!this._isDisposed) {
      this.version += 1;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _pages = new Map<string, Pages<CallView>>();
  private readonly _parts = new Map<string, IPart>();
  private readonly _attempts = new Map<string, IBar[]>();
  private readonly _asked = new Set<string>();
  private _isDisposed = false;
}

function attemptsKey(owner: string, call: CallView): string {
  return `${owner} ${call.name} ${call.attempts} ${call.status}`;
}
