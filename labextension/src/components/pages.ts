import type { IPage } from '../api';

export const PAGE = 50;

/** Pages that are kept around the one in sight. */
const KEPT = 20;

/**
 * A long list of the server's, of which only what is in sight is fetched.
 */
export class Pages<T> {
  constructor(
    private readonly ask: (offset: number, limit: number) => Promise<IPage<T>>,
    /** How many there are; null before the first answer. */
    public total: number | null
  ) {}

  at(index: number): T | undefined {
    return this._pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /**
   * Whatever is known may be old: it is shown until it is fetched again.
   */
  outdate(): void {
    this._fresh.clear();
  }

  /**
   * Fetch what is missing or old between two rows; returns whether something was fetched.
   */
  async want(first: number, last: number): Promise<boolean> {
    const numbers: number[] = [];
    const end = Math.floor(Math.max(0, last) / PAGE);
    for (let page = Math.floor(Math.max(0, first) / PAGE); page <= end;) {
      if (!this._fresh.has(page)) {
        numbers.push(page);
      }
      page += 1;
    }
    const results = await Promise.allSettled(
      numbers.map(number => this._fetch(number))
    );
    const refused = results.find(result => result.status === 'rejected');
    if (refused) {
      throw refused.reason;
    }
    return numbers.length > 0;
  }

  private async _fetch(number: number): Promise<void> {
    this._fresh.add(number);
    try {
      const page = await this.ask(number * PAGE, PAGE);
      this._pages.set(number, page.items);
      this.total = page.total;
    } catch (error) {
      this._fresh.delete(number);
      throw error;
    }
    for (const known of this._pages.keys()) {
      if (Math.abs(known - number) > KEPT) {
        this._pages.delete(known);
        this._fresh.delete(known);
      }
    }
  }

  private readonly _pages = new Map<number, T[]>();
  private readonly _fresh = new Set<number>();
}
