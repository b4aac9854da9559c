import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import type { Api, IChange, IFailure, IStreamState } from './api';
import type { Connection } from './tokens';

/** Milliseconds between two batches; a change after a rest is told at once. */
const BATCH = 200;

/**
 * The changes of one home: reconnects, later each time it fails, and rests while the page is hidden.
 */
export class HomeStream implements IDisposable {
  constructor(
    private readonly api: Api,
    /** Null for the home of the server's root folder. */
    private readonly asked: string | null,
    private readonly page: Document
  ) {
    this._poll = new Poll({
      name: `kitaru:events ${asked ?? ''}`,
      factory: () => this._follow(),
      frequency: { interval: 500, backoff: 2, max: 30_000 },
      standby: () => this.page.hidden
    });
    this.page.addEventListener('visibilitychange', this._onVisibility);
  }

  /** Id of the home that it tells of, once it is known. */
  get home(): string | null {
    return this._home;
  }

  get connection(): Connection {
    return this._connection;
  }

  /** Why the home's store cannot be read, in the server's words. */
  get problem(): IFailure | null {
    return this._problem;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** Emitted for what happened, a few times a second at most. */
  get changed(): ISignal<this, readonly IChange[]> {
    return this._changed;
  }

  /** Emitted when changes may have been missed: what is shown is to be read anew. */
  get missed(): ISignal<this, void> {
    return this._missed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.page.removeEventListener('visibilitychange', this._onVisibility);
    this._poll.dispose();
    this._abort?.abort();
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /**
   * Follow the stream until it ends; the poll calls again.
   */
  private async _follow(): Promise<void> {
    const abort = new AbortController();
    this._abort = abort;
    try {
      const messages = this.api.events(this._last, this.asked, abort.signal);
      for await (const message of messages) {
        if (this._isDisposed) {
          return;
        }
        this._last = message.id || this._last;
        if (message.event === 'change') {
          this._gather(message.data);
        } else {
          this._settle(message.data, message.event === 'gap');
        }
      }
      this._setConnection('lost');
    } catch (error) {
      this._setConnection(this.page.hidden ? 'paused' : 'lost');
      if (!abort.signal.aborted) {
        throw error;
      }
    }
  }

  private _settle(state: IStreamState, gap: boolean): void {
    const first = this._home === null;
    this._home = state.home;
    this._problem = state.problem;
    this._setConnection('live');
    this._stateChanged.emit();
    if (gap || first) {
      this._missed.emit();
    }
  }

  private _gather(change: IChange): void {
    this._batch.push(change);
    const wait = Math.max(0, this._told + BATCH - performance.now());
    this._timer ??= window.setTimeout(() => {
      const batch = this._batch;
      this._batch = [];
      this._timer = undefined;
      this._told = performance.now();
      this._changed.emit(batch);
    }, wait);
  }

  private _setConnection(connection: Connection): void {
    if (!this._isDisposed && connection !== this._connection) {
      this._connection = connection;
      this._stateChanged.emit();
    }
  }

  private readonly _onVisibility = (): void => {
    if (this.page.hidden) {
      this._abort?.abort();
    } else {
      void this._poll.refresh();
    }
  };

  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, readonly IChange[]>(this);
  private readonly _missed = new Signal<this, void>(this);
  private readonly _stateChanged = new Signal<this, void>(this);
  private _abort: AbortController | undefined;
  private _batch: IChange[] = [];
  private _connection: Connection = 'connecting';
  private _home: string | null = null;
  private _isDisposed = false;
  private _last: string | null = null;
  private _problem: IFailure | null = null;
  private _timer: number | undefined;
  /** When the last batch was told. */
  private _told = -Infinity;
}
