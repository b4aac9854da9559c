import { Signal, type ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import { executionPath, type Api } from '../api';
import type { LanesView, SpanView } from '../documents';
import type { TimelineRow } from './rows';
import type { ISpan } from './span';

/** Milliseconds between two questions for the same lanes. */
const INTERVAL = 500;

interface IQuestion {
  owner: string;
  checkpoint?: string;
  first?: number;
  count?: number;
}

/**
 * What is asked for an unfolded row.
 */
interface IEntry {
  question: IQuestion;
  /** How many calls there are by now. */
  total: number;
  answer: LanesView | null;
  /** The part of the time that the answer is about. */
  span: ISpan | null;
  timer: number | undefined;
  busy: boolean;
}

/**
 * Calls packed into lanes, for the groups that are unfolded.
 */
export class Lanes implements IDisposable {
  constructor(
    private readonly api: Api,
    private readonly home: string | null
  ) {}

  /** Another one whenever something was fetched. */
  version = 0;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * The lanes of an unfolded row; null before they are known.
   */
  of(key: string): LanesView | null {
    return this._entries.get(key)?.answer ?? null;
  }

  at(key: string, lane: number): readonly SpanView[] {
    return this.of(key)?.lanes[lane] ?? [];
  }

  /**
   * Say which rows there are, and which part of the time is in sight.
   *
   * @param span - Null for all of it.
   */
  show(rows: readonly TimelineRow[], span: ISpan | null): void {
    const wanted = new Map<string, [IQuestion, number]>();
    for (const row of rows) {
      if (row.kind === 'group' && row.open) {
        const { checkpoint, sequence: first, total: count } = row.group;
        wanted.set(row.key, [
          { owner: row.owner, checkpoint, first, count },
          count
        ]);
      } else if (row.kind === 'hidden' && row.open) {
        wanted.set(row.key, [{ owner: row.owner }, row.calls]);
      }
    }
    for (const [key, entry] of this._entries) {
      if (!wanted.has(key)) {
        window.clearTimeout(entry.timer);
        this._entries.delete(key);
      }
    }
    this._span = span;
    for (const [key, [question, total]] of wanted) {
      const entry = this._entries.get(key) ?? fresh(question);
      this._entries.set(key, entry);
      entry.question = question;
      entry.total = total;
      this._want(entry);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    for (const entry of this._entries.values()) {
      window.clearTimeout(entry.timer);
    }
    Signal.clearData(this);
  }

  private _want(entry: IEntry): void {
    if (entry.busy || entry.timer !== undefined || !this._isOld(entry)) {
      return;
    }
    const wait = entry.answer === null ? 0 : INTERVAL;
    entry.timer = window.setTimeout(() => {
      entry.timer = undefined;
      void this._ask(entry);
    }, wait);
  }

  private _isOld({ answer, total, span }: IEntry): boolean {
    return (
      answer?.total !== total ||
      span !== this._span ||
      answer.lanes.some(lane => lane.some(one => one.end === null))
    );
  }

  private async _ask(entry: IEntry): Promise<void> {
    entry.busy = true;
    const { owner: execId, ...query } = entry.question;
    const span = this._span;
    try {
      entry.answer = await this.api.get<LanesView>(
        executionPath({ execId, home: this.home }, 'lanes'),
        { ...query, since: span?.from, until: span?.to, home: this.home }
      );
      entry.span = span;
    } catch {
      // The document itself says why the server cannot be asked; the next change asks again.
      return;
    } finally {
      entry.busy = false;
    }
    if (!this._isDisposed) {
      this.version += 1;
      this._changed.emit();
      if (entry.span !== this._span) {
        this._want(entry);
      }
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _entries = new Map<string, IEntry>();
  private _span: ISpan | null = null;
  private _isDisposed = false;
}

function fresh(question: IQuestion): IEntry {
  return {
    question,
    total: 0,
    answer: null,
    span: null,
    timer: undefined,
    busy: false
  };
}
