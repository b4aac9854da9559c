import { Signal, type ISignal } from '@lumino/signaling';

import type { Api, IChange, IExecutionRef, IFailure } from './api';
import type { WaitView } from './documents';
import { HomeStream } from './stream';
import type { Connection, IExecutionModel, IWatchedExecution } from './tokens';
import { WatchedExecution, type ISource } from './watched';

/** After these the list of open questions may be another. */
const ABOUT_WAITS =
  /^wait\.|^execution\.(cancelled|deleted|completed|failed|suspended)$/;

/**
 * The one store of the front end: a stream of changes, and the executions that somebody looks at.
 *
 * Executions of another home than the server's own get a stream of that home, while somebody looks at them.
 */
export class ExecutionModel implements IExecutionModel {
  constructor(
    readonly api: Api,
    private readonly page: Document = document
  ) {
    this._main = this._open(null);
    this._main.stateChanged.connect(this._onState, this);
    this._main.changed.connect(this._onMainChanged, this);
    this._main.missed.connect(this._onMainMissed, this);
  }

  get home(): string | null {
    return this._main.home;
  }

  get connection(): Connection {
    return this._main.connection;
  }

  get problem(): IFailure | null {
    return this._main.problem;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get changed(): ISignal<this, readonly IChange[]> {
    return this._changed;
  }

  get missed(): ISignal<this, void> {
    return this._missed;
  }

  get waits(): readonly WaitView[] {
    return this._waits;
  }

  get waitsKnown(): boolean {
    return this._waitsKnown;
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
      source = new WatchedExecution(ref, this.api, {
        onUnwatched: () => {
          this._sources.delete(key);
          this._closeUnused();
        },
        onKnown: () => {
          this._follow(ref);
        }
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
    this._main.dispose();
    for (const stream of this._others.values()) {
      stream.dispose();
    }
    Signal.clearData(this);
  }

  /**
   * See to it that changes of a known execution arrive.
   */
  private _follow({ home }: IExecutionRef): void {
    const isMain = home === null || home === this._main.home;
    if (!isMain && this._main.home !== null && !this._others.has(home)) {
      this._others.set(home, this._open(home));
    }
  }

  private _closeUnused(): void {
    const used = new Set(
      [...this._sources.values()].map(source => source.ref.home)
    );
    for (const [home, stream] of this._others) {
      if (!used.has(home)) {
        stream.dispose();
        this._others.delete(home);
      }
    }
  }

  private _open(home: string | null): HomeStream {
    const stream = new HomeStream(this.api, home, this.page);
    stream.changed.connect(this._onChanged, this);
    stream.missed.connect(this._onMissed, this);
    stream.stateChanged.connect(this._onProblem, this);
    return stream;
  }

  private _sourcesOf(stream: HomeStream): ISource[] {
    const isMain = stream === this._main;
    return [...this._sources.values()].filter(
      ({ ref }) => ref.home === stream.home || (isMain && ref.home === null)
    );
  }

  private _onChanged(stream: HomeStream, batch: readonly IChange[]): void {
    const touched = new Set(batch.map(change => change.exec_id));
    for (const source of this._sourcesOf(stream)) {
      if (source.concerns(touched)) {
        void source.refresh();
      }
    }
  }

  /**
   * What is looked at says for itself that its store is away.
   */
  private _onProblem(stream: HomeStream): void {
    if (stream.problem) {
      this._onMissed(stream);
    }
  }

  private _onMissed(stream: HomeStream): void {
    for (const source of this._sourcesOf(stream)) {
      void source.refresh();
    }
  }

  private _onState(): void {
    for (const source of this._sources.values()) {
      if (source.known) {
        this._follow(source.ref);
      }
    }
    this._stateChanged.emit();
  }

  private _onMainChanged(_: HomeStream, batch: readonly IChange[]): void {
    if (batch.some(({ kinds }) => kinds.some(kind => ABOUT_WAITS.test(kind)))) {
      this._refreshWaits();
    }
    this._changed.emit(batch);
  }

  private _onMainMissed(): void {
    this._refreshWaits();
    this._missed.emit();
  }

  private _refreshWaits(): void {
    this._waitsAgain = true;
    this._waitsAsked ??= this._askForWaits().finally(() => {
      this._waitsAsked = undefined;
    });
  }

  private async _askForWaits(): Promise<void> {
    while (this._waitsAgain && !this._isDisposed) {
      this._waitsAgain = false;
      try {
        this._waits = await this.api.waits();
        this._waitsKnown = true;
        this._waitsChanged.emit();
      } catch {
        // The next change or reconnect asks again; what is shown stays until then.
      }
    }
  }

  private readonly _main: HomeStream;
  private readonly _others = new Map<string, HomeStream>();
  private readonly _sources = new Map<string, ISource>();
  private readonly _stateChanged = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, readonly IChange[]>(this);
  private readonly _missed = new Signal<this, void>(this);
  private readonly _waitsChanged = new Signal<this, void>(this);
  private _isDisposed = false;
  private _waits: readonly WaitView[] = [];
  private _waitsAgain = false;
  private _waitsKnown = false;
  private _waitsAsked: Promise<void> | undefined;
}
