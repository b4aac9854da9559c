import type { IDisposable } from '@lumino/disposable';

/** Milliseconds until the first reading after a rest: one step of a flow tells several changes in a row. */
const SETTLE = 40;

/**
 * When something is read: while somebody looks, once at a time, and not with every change.
 */
export class Reading implements IDisposable {
  constructor(
    private readonly read: () => Promise<void>,
    /** Milliseconds between two readings while things change. */
    private readonly interval: () => number
  ) {}

  /** Whether somebody looks. */
  visible = false;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Read, and once more if a reading is under way.
   */
  now(): void {
    this._again = true;
    this._running ??= this._run().finally(() => {
      this._running = undefined;
      // Asked for after its last look, while it ended.
      if (this._isWanted) {
        this.now();
      }
    });
  }

  /**
   * Read what has changed, as soon as it is due.
   */
  soon(): void {
    if (!this.visible) {
      return;
    }
    const due = this._last + this.interval() - performance.now();
    this._timer ??= window.setTimeout(
      () => {
        this._timer = undefined;
        this._last = performance.now();
        this.now();
      },
      Math.max(SETTLE, due)
    );
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
  }

  private async _run(): Promise<void> {
    while (this._isWanted) {
      this._again = false;
      await this.read();
    }
  }

  private get _isWanted(): boolean {
    return this._again && this.visible && !this._isDisposed;
  }

  private _again = false;
  private _isDisposed = false;
  private _last = -Infinity;
  private _running: Promise<void> | undefined;
  private _timer: number | undefined;
}
