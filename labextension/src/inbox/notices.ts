import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IExecutionModel, IOpenQuestion } from '../tokens';

/** Characters of a question in a notification. */
const LONGEST = 120;

/**
 * Tells of questions that are asked while the application is open, and takes it back once they are answered.
 */
export class Notices implements IDisposable {
  constructor(
    private readonly model: IExecutionModel,
    private readonly trans: TranslationBundle,
    private readonly show: () => void
  ) {
    model.waitsChanged.connect(this._onWaits, this);
    if (model.waitsKnown) {
      this._onWaits();
    }
  }

  /** Whether the person wants to be told. */
  enabled = true;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _onWaits(): void {
    const waits = new Map(this.model.waits.map(wait => [keyOf(wait), wait]));
    for (const [key, notice] of this._notices) {
      if (!waits.has(key)) {
        this._notices.delete(key);
        if (notice) {
          Notification.dismiss(notice);
        }
      }
    }
    // Of what was open before, the badge tells.
    const silent = !this._started || !this.enabled;
    this._started = true;
    for (const [key, wait] of waits) {
      if (!this._notices.has(key)) {
        this._notices.set(key, silent ? null : this._tell(wait));
      }
    }
  }

  private _tell(wait: IOpenQuestion): string {
    const question = wait.question ?? wait.name;
    const cut =
      question.length > LONGEST ? `${question.slice(0, LONGEST)}…` : question;
    return Notification.info(this.trans.__('%1 asks: %2', wait.flow, cut), {
      autoClose: false,
      actions: [
        {
          label: this.trans.__('Answer'),
          displayType: 'accent',
          callback: this.show
        }
      ]
    });
  }

  private readonly _notices = new Map<string, string | null>();
  private _started = false;
  private _isDisposed = false;
}

function keyOf({ exec_id: execId, name, asked_at: at }: IOpenQuestion): string {
  return `${execId} ${name} ${at ?? ''}`;
}
