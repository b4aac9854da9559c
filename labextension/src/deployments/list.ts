import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IChange } from '../api';
import { problemText } from '../components/problem';
import type { DeploymentSummary, ScheduleView } from '../documents';
import type { IExecutionModel } from '../tokens';
import { RETRY } from '../watched';
import { getSchedules, getVersions } from './routes';

const ABOUT_DEPLOYMENTS = /^(deployment|schedule)\./;

/**
 * A flow with its versions, the newest first.
 */
export interface IDeployedFlow {
  readonly flow: string;
  readonly versions: readonly DeploymentSummary[];
}

/**
 * The deployed versions and the schedules of one flow or of all, kept up to date while somebody looks.
 */
export class Deployments implements IDisposable {
  constructor(
    readonly model: IExecutionModel,
    /** Null for all flows. */
    readonly flow: string | null = null,
    home: string | null = null
  ) {
    this._home = home;
    this._following = home === null ? null : model.follow(home);
    model.changed.connect(this._onChanged, this);
    model.missed.connect(this._outdate, this);
    model.stateChanged.connect(this._onState, this);
  }

  versions: readonly DeploymentSummary[] = [];
  schedules: readonly ScheduleView[] = [];
  /** Why nothing can be shown, in the server's words. */
  problem: string | null = null;
  /** Whether there was an answer. */
  loaded = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The versions by flow. */
  get flows(): IDeployedFlow[] {
    const found = new Map<string, DeploymentSummary[]>();
    for (const version of this.versions) {
      const known = found.get(version.flow) ?? [];
      found.set(version.flow, [...known, version]);
    }
    return [...found].map(([flow, versions]) => ({ flow, versions }));
  }

  /** Id of the home that is shown; null for that of the server's root folder. */
  get home(): string | null {
    return this._home;
  }

  set home(value: string | null) {
    if (value !== this._home) {
      this._following?.dispose();
      this._following = value === null ? null : this.model.follow(value);
      this._home = value;
      this.loaded = false;
      this.versions = this.schedules = [];
      this._outdate();
    }
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
      this._read();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._following?.dispose();
    window.clearTimeout(this._later);
    Signal.clearData(this);
  }

  private _onChanged(_: IExecutionModel, batch: readonly IChange[]): void {
    const shown = this._home ?? this.model.home;
    if (
      batch.some(
        ({ home, kinds }) =>
          home === shown && kinds.some(kind => ABOUT_DEPLOYMENTS.test(kind))
      )
    ) {
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
      this._read();
    }
  }

  private _read(): void {
    this._running ??= this._run().finally(() => {
      this._running = undefined;
      // Outdated after its last look, while it ended.
      if (this._stale && this._visible && !this._isDisposed) {
        this._read();
      }
    });
  }

  private async _run(): Promise<void> {
    const { api } = this.model;
    while (this._stale && this._visible && !this._isDisposed) {
      this._stale = false;
      const home = this._home;
      try {
        const [versions, schedules] = await Promise.all([
          getVersions(api, home, this.flow),
          getSchedules(api, home, this.flow)
        ]);
        if (home !== this._home) {
          continue;
        }
        this.versions = versions;
        this.schedules = schedules;
        this.problem = null;
        this.loaded = true;
      } catch (error) {
        this.problem = problemText(error);
        this._later ??= window.setTimeout(() => {
          this._later = undefined;
          this._outdate();
        }, RETRY);
      }
      // Of no effect once it is disposed of: then nobody is connected.
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _following: IDisposable | null;
  private _home: string | null;
  private _isDisposed = false;
  private _later: number | undefined;
  private _running: Promise<void> | undefined;
  private _stale = true;
  private _visible = false;
}
