import type { IExecutionsQuery, IPage } from '../api';
import { Pages } from '../components/pages';
import type { ExecutionSummary } from '../documents';

/**
 * A part of the list, with a title if there are several.
 */
export class Section extends Pages<ExecutionSummary> {
  constructor(
    readonly key: string,
    readonly title: string | null,
    private readonly query: IExecutionsQuery,
    total: number | null,
    public open: boolean,
    ask: (query: IExecutionsQuery) => Promise<IPage<ExecutionSummary>>
  ) {
    super((offset, limit) => ask({ ...query, offset, limit }), total);
  }

  /**
   * Whether it is about the same; times move on.
   */
  asks(query: IExecutionsQuery): boolean {
    return untimed(this.query) === untimed(query);
  }
}

function untimed(query: IExecutionsQuery): string {
  return JSON.stringify({ ...query, since: undefined, until: undefined });
}
