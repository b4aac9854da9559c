import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Api, IChange, IExecutionRef, IFailure } from './api';
import { HomeQuestions } from './questions';
import { HomeStream } from './stream';
import type {
  Connection,
  IExecutionModel,
  IOpenQuestion,
  IWatchedExecution
} from './tokens';
import { WatchedExecution, type ISource } from './watched';

/** After these the list of open questions may be another. */
const ABOUT_WAITS =
  /^wait\.|^execution\.(cancelled|deleted|completed|failed|suspended)$/;

/**
 * The one store of the front end: a stream of changes, and the executions that somebody looks at.
 *
 * Another home than the server's own has a stream while somebody looks at an execution of it, or follows it.
 */
export class ExecutionModel implements IExecutionModel {
  constructor(
    readonly api: Api,
    private readonly page: Document = document
  ) {
    this._main = this._open(null);
    this._main.stateChanged.connect(this._onState, this);
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

  get waits(): readonly IOpenQuestion[] {
    return [...this._questions.values()]
      .flatMap(({ open }) => open)
      .sort((one, other) => (one.asked_at ?? 0) - (other.asked_at ?? 0));
  }

  get waitsKnown(): boolean {
    return this._questions.get(this._main)?.known ?? false;
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
          this._follow(ref.home);
        }
      });
      this._sources.set(key, source);
    }
    return source.share();
  }

  follow(home: string): IDisposable {
    const following = new DisposableDelegate(() => {
      this._followed.delete(following);
      this._closeUnused();
    });
    this._followed.set(following, home);
    this._follow(home);
    return following;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    for (const [stream, questions] of this._questions) {
      stream.dispose();
      questions.dispose();
    }
    Signal.clearData(this);
  }

  /**
   * See to it that changes of a home arrive.
   */
  private _follow(home: string | null): void {
    const isMain = home === null || home === this._main.home;
    if (!isMain && this._main.home !== null && !this._others.has(home)) {
      this._others.set(home, this._open(home));
    }
  }

  private _closeUnused(): void {
    const used = new Set<string | null>([
      ...[...this._sources.values()].map(source => source.ref.home),
      ...this._followed.values()
    ]);
    for (const [home, stream] of this._others) {
      if (!used.has(home)) {
        stream.dispose();
        this._others.delete(home);
        this._questions.get(stream)?.dispose();
        this._questions.delete(stream);
        this._waitsChanged.emit();
      }
    }
  }

  private _open(home: string | null): HomeStream {
    const stream = new HomeStream(this.api, home, this.page);
    stream.changed.connect(this._onChanged, this);
    stream.missed.connect(this._onMissed, this);
    stream.stateChanged.connect(this._onProblem, this);
    const questions = new HomeQuestions(this.api, home, () => {
      if (!this._isDisposed) {
        this._waitsChanged.emit();
      }
    });
    this._questions.set(stream, questions);
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
    if (batch.some(({ kinds }) => kinds.some(kind => ABOUT_WAITS.test(kind)))) {
      this._questions.get(stream)?.refresh();
    }
    this._changed.emit(batch);
  }

  /**
   * What is looked at says for itself that its store is away.
   */
  private _onProblem(stream: HomeStream): void {
    if (stream.problem) {
      this._refreshAll(stream);
    }
  }

  private _refreshAll(stream: HomeStream): void {
    for (const source of this._sourcesOf(stream)) {
      void source.refresh();
    }
  }

  private _onMissed(stream: HomeStream): void {
    this._refreshAll(stream);
    this._questions.get(stream)?.refresh();
    this._missed.emit();
  }

  private _onState(): void {
    for (const source of this._sources.values()) {
      if (source.known) {
        this._follow(source.ref.home);
      }
    }
    for (const home of this._followed.values()) {
      this._follow(home);
    }
    this._stateChanged.emit();
  }

  // Before the streams, which have theirs in it.
  private readonly _questions = new Map<HomeStream, HomeQuestions>();
  private readonly _followed = new Map<IDisposable, string>();
  private readonly _main: HomeStream;
  private readonly _others = new Map<string, HomeStream>();
  private readonly _sources = new Map<string, ISource>();
  private readonly _stateChanged = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, readonly IChange[]>(this);
  private readonly _missed = new Signal<this, void>(this);
  private readonly _waitsChanged = new Signal<this, void>(this);
  private _isDisposed = false;
}
