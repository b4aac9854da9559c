import { Signal } from '@lumino/signaling';

import { ApiError, type Api, type IExecutionRef } from './api';
import type { ExecutionView } from './documents';
import type { IWatchedExecution, Knowledge } from './tokens';

/** Milliseconds between two questions for the same execution. */
const INTERVAL = 250;

/** Milliseconds after which a server that could not be asked is asked again. */
export const RETRY = 5000;

/**
 * What the model keeps of an execution while somebody watches it.
 */
export interface ISource {
  readonly ref: IExecutionRef;
  /** Whether the server has answered for it. */
  readonly known: boolean;
  concerns(execIds: ReadonlySet<string>): boolean;
  refresh(): Promise<void>;
  share(): IWatchedExecution;
}

/**
 * The newest document of one execution, shared by all who look at it.
 */
export class WatchedExecution implements ISource {
  constructor(
    readonly ref: IExecutionRef,
    private readonly api: Api,
    private readonly listener: { onUnwatched(): void; onKnown(): void }
  ) {
    void this.refresh();
  }

  view: ExecutionView | null = null;
  knowledge: Knowledge = 'loading';
  problem: string | null = null;

  get known(): boolean {
    return this.knowledge === 'known';
  }

  /**
   * Whether one of these executions is a part of what is shown.
   */
  concerns(execIds: ReadonlySet<string>): boolean {
    return (
      execIds.has(this.ref.execId) ||
      (this.view?.rows ?? []).some(
        row => row.kind === 'child' && execIds.has(row.exec_id)
      )
    );
  }

  /**
   * Ask the server; questions that come while one is under way become one more.
   */
  refresh(): Promise<void> {
    this._again = true;
    this._running ??= this._run();
    return this._running;
  }

  share(): IWatchedExecution {
    const share = new Share(this, () => {
      this._shares.delete(share);
      if (this._shares.size === 0) {
        this.listener.onUnwatched();
      }
    });
    this._shares.add(share);
    return share;
  }

  private async _run(): Promise<void> {
    while (this._again) {
      this._again = false;
      await this._ask();
      this._tell();
      if (this._shares.size > 0) {
        await new Promise(resolve => setTimeout(resolve, INTERVAL));
      }
    }
    this._running = undefined;
  }

  private async _ask(): Promise<void> {
    try {
      const view = await this.api.execution(this.ref);
      if (!this.view || view.position >= this.view.position) {
        this.view = view;
      }
      if (!this.known) {
        this.knowledge = 'known';
        this.listener.onKnown();
      }
      this.problem = null;
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      this.knowledge = gone ? 'unknown' : 'unreachable';
      this.problem = error instanceof Error ? error.message : String(error);
      if (!gone) {
        this._askLater();
      }
    }
  }

  /**
   * A store that is away tells nobody when it is back.
   */
  private _askLater(): void {
    this._later ??= setTimeout(() => {
      this._later = undefined;
      if (this._shares.size > 0) {
        void this.refresh();
      }
    }, RETRY);
  }

  private _tell(): void {
    for (const share of this._shares) {
      share.tell();
    }
  }

  private _again = false;
  private _later: ReturnType<typeof setTimeout> | undefined;
  private _running: Promise<void> | undefined;
  private readonly _shares = new Set<Share>();
}

/**
 * One watcher's part of a watched execution.
 */
class Share implements IWatchedExecution {
  constructor(
    private readonly source: WatchedExecution,
    private readonly onDispose: () => void
  ) {}

  readonly changed = new Signal<this, void>(this);

  get ref(): IExecutionRef {
    return this.source.ref;
  }

  get view(): ExecutionView | null {
    return this.source.view;
  }

  get knowledge(): Knowledge {
    return this.source.knowledge;
  }

  get problem(): string | null {
    return this.source.problem;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  refresh(): Promise<void> {
    return this.source.refresh();
  }

  tell(): void {
    this.changed.emit();
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
      this.onDispose();
    }
  }

  private _isDisposed = false;
}
