import type { Api } from './api';
import type { IOpenQuestion } from './tokens';

/**
 * The open questions of one home.
 */
export class HomeQuestions {
  constructor(
    private readonly api: Api,
    /** Null for the home of the server's root folder. */
    readonly home: string | null,
    private readonly tell: () => void
  ) {}

  open: readonly IOpenQuestion[] = [];

  /** Whether the server has told them. */
  known = false;

  /**
   * Ask for them; questions that come while one is under way become one more.
   */
  refresh(): void {
    this._again = true;
    this._asked ??= this._ask().finally(() => {
      this._asked = undefined;
    });
  }

  dispose(): void {
    this._isDisposed = true;
  }

  private async _ask(): Promise<void> {
    while (this._again && !this._isDisposed) {
      this._again = false;
      try {
        const waits = await this.api.waits(this.home);
        const place = waits.length > 0 ? await this._locate() : null;
        this.open = waits.map(wait => ({ ...wait, home: this.home, place }));
        this.known = true;
        this.tell();
      } catch {
        // The next change or reconnect asks again; what is shown stays until then.
      }
    }
  }

  /**
   * Where the home is, if it is another than that of the server's root folder.
   */
  private async _locate(): Promise<string | null> {
    if (this.home !== null) {
      this._place ??= (await this.api.status(this.home)).location;
    }
    return this._place;
  }

  private _again = false;
  private _asked: Promise<void> | undefined;
  private _isDisposed = false;
  private _place: string | null = null;
}
