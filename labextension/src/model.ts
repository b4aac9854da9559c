import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Api, IChange, IExecutionRef } from './api';
import type { WaitView } from './documents';
import type { Connection, IExecutionModel, IWatchedExecution } from './tokens';
import { WatchedExecution, type ISource } from './watched';

/** Changes that arrive within this time, in milliseconds, are told as one. */
const BATCH = 250;

/** Kinds of changes after which the list of open questions may be another. */
const ABOUT_WAITS = /^wait\.|^execution\.(cancelled|deleted|completed|failed)$/;

/**
 * The one store of the front end: a stream of changes, and the executions that somebody looks at.
 */
export class ExecutionModel implements IExecutionModel {
  constructor(
    readonly api: Api,
    private readonly page: Document = document
  ) {
    this._poll = new Poll({
      name: 'kitaru:events',
      factory: () => this._follow(),
      frequency: { interval: 500, backoff: 2, max: 30_000 },
      standby: () => this.page.hidden
    });
    this.page.addEventListener('visibilitychange', this._onVisibility);
  }

  get connection(): Connection {
    return this._connection;
  }

  get connectionChanged(): ISignal<this, Connection> {
    return this._connectionChanged;
  }

  get changed(): ISignal<this, readonly IChange[]> {
    return this._changed;
  }

  get waits(): readonly WaitView[] {
    return this._waits;
  }

  get waitsChanged(): ISignal<this, void> {
    return this._waitsChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  watch(ref: IExecutionRef): IWatchedExecution {
    const key = `${ref.home ?? ''} ${ref.execId}`;
    let source = this._sources.get(key);
    if (!source) {
      source = new WatchedExecution(ref, this.api, () => {
        this._sources.delete(key);
      });
      this._sources.set(key, source);
    }
    return source.share();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.page.removeEventListener('visibilitychange', this._onVisibility);
    this._stream?.abort();
    this._poll.dispose();
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /**
   * Follow the stream until it ends; the poll calls again, later each time it fails.
   */
  private async _follow(): Promise<void> {
    const stream = new AbortController();
    this._stream = stream;
    const events = this.api.events(this._position, null, stream.signal);
    try {
      for await (const change of events) {
        if (change === 'open') {
          this._setConnection('live');
          this._catchUp();
        } else {
          this._receive(change);
        }
      }
      this._setConnection('lost');
    } catch (error) {
      this._setConnection(this.page.hidden ? 'paused' : 'lost');
      if (!stream.signal.aborted) {
        throw error;
      }
    }
  }

  /**
   * What happened while the stream was away is not told again in full, so everything shown is asked for.
   */
  private _catchUp(): void {
    for (const source of this._sources.values()) {
      void source.refresh();
    }
    void this._refreshWaits();
  }

  private _receive(change: IChange): void {
    this._position = Math.max(this._position ?? 0, change.position);
    this._batch.push(change);
    this._timer ??= window.setTimeout(() => {
      this._tell();
    }, BATCH);
  }

  private _tell(): void {
    const batch = this._batch;
    this._batch = [];
    this._timer = undefined;
    const touched = new Set(batch.map(change => change.exec_id));
    for (const source of this._sources.values()) {
      if (source.concerns(touched)) {
        void source.refresh();
      }
    }
    if (batch.some(change => ABOUT_WAITS.test(change.kind))) {
      void this._refreshWaits();
    }
    this._changed.emit(batch);
  }

  private async _refreshWaits(): Promise<void> {
    try {
      this._waits = await this.api.waits();
    } catch {
      // The next change or reconnect asks again; what is shown stays until then.
      return;
    }
    this._waitsChanged.emit();
  }

  private _setConnection(connection: Connection): void {
    if (connection !== this._connection) {
      this._connection = connection;
      this._connectionChanged.emit(connection);
    }
  }

  private readonly _onVisibility = (): void => {
    if (this.page.hidden) {
      this._stream?.abort();
    } else {
      void this._poll.refresh();
    }
  };

  private readonly _poll: Poll;
  private readonly _sources = new Map<string, ISource>();
  private readonly _connectionChanged = new Signal<this, Connection>(this);
  private readonly _changed = new Signal<this, readonly IChange[]>(this);
  private readonly _waitsChanged = new Signal<this, void>(this);
  private _batch: IChange[] = [];
  private _connection: Connection = 'connecting';
  private _isDisposed = false;
  private _position: number | null = null;
  private _stream: AbortController | undefined;
  private _timer: number | undefined;
  private _waits: readonly WaitView[] = [];
}
