import type { PartialJSONValue } from '@lumino/coreutils';

import type {
  CallDetail,
  CallPage,
  CallsQuery,
  Change,
  ExecutionPage,
  ExecutionsQuery,
  ExecutionView,
  LogLine,
  LogsQuery,
  StatusView,
  StreamState,
  WaitView
} from './documents';
import { Requests } from './requests';
import { serverSentEvents } from './serverSentEvents';

export { ApiError, type IFailure } from './requests';

/**
 * An execution, wherever it is recorded.
 */
export interface IExecutionRef {
  readonly execId: string;
  /** Id of its home; the home of the server's root folder if null. */
  readonly home: string | null;
}

/**
 * `ready` comes first; after `gap` everything is to be read anew; `away` says that the store cannot be reached.
 */
export type StreamMessage =
  | { id: string; event: 'change'; data: IChange }
  | { id: string; event: 'ready' | 'gap' | 'away'; data: IStreamState };

export interface IPage<T> {
  readonly items: T[];
  readonly total: number;
}

/** What happened in an execution since the last message about it. */
export type IChange = Readonly<Change>;

/** Where the stream stands: the home that it tells of, and why its store cannot be read. */
export type IStreamState = Readonly<StreamState>;

/** A call with everything that is known of it. */
export type ICallDetail = Readonly<CallDetail>;

export type IStatus = Readonly<StatusView>;

/** Parameters as they are written into an address. */
type Written<Q> = {
  [K in Exclude<keyof Q, 'home' | 'path'>]?: K extends 'since' | 'until'
    ? string | number
    : NonNullable<Q[K]> extends number | boolean
      ? NonNullable<Q[K]>
      : string;
};

export type IExecutionsQuery = Written<ExecutionsQuery>;
export type ICallsQuery = Written<CallsQuery>;
export type ILogsQuery = Written<LogsQuery>;

/**
 * The routes of the server extension, one method each.
 */
export class Api extends Requests {
  status(home: string | null = null): Promise<IStatus> {
    return this.get('status', { home });
  }

  flows(home: string | null = null): Promise<string[]> {
    return this.get('flows', { home });
  }

  executions(
    query: IExecutionsQuery = {},
    home: string | null = null
  ): Promise<ExecutionPage> {
    return this.get('executions', { ...query, home });
  }

  execution(ref: IExecutionRef): Promise<ExecutionView> {
    return this.get(executionPath(ref), { home: ref.home });
  }

  calls(ref: IExecutionRef, query: ICallsQuery = {}): Promise<CallPage> {
    return this.get(executionPath(ref, 'calls'), { ...query, home: ref.home });
  }

  call(ref: IExecutionRef, name: string): Promise<ICallDetail> {
    return this.get(executionPath(ref, 'calls', name), { home: ref.home });
  }

  logs(ref: IExecutionRef, query: ILogsQuery = {}): Promise<LogLine[]> {
    return this.get(executionPath(ref, 'logs'), { ...query, home: ref.home });
  }

  waits(home: string | null = null): Promise<WaitView[]> {
    return this.get('waits', { home });
  }

  answer(
    ref: IExecutionRef,
    wait: string,
    value: PartialJSONValue
  ): Promise<unknown> {
    const path = executionPath(ref, 'waits', wait);
    return this.send('POST', path, { home: ref.home }, { value });
  }

  abort(ref: IExecutionRef, wait: string): Promise<unknown> {
    const path = executionPath(ref, 'waits', wait);
    return this.send('DELETE', path, { home: ref.home });
  }

  cancel(ref: IExecutionRef, reason: string | null = null): Promise<unknown> {
    const path = executionPath(ref, 'cancel');
    return this.send('POST', path, { home: ref.home }, { reason });
  }

  resume(ref: IExecutionRef): Promise<unknown> {
    const path = executionPath(ref, 'resume');
    return this.send('POST', path, { home: ref.home }, {});
  }

  retry(ref: IExecutionRef): Promise<unknown> {
    const path = executionPath(ref, 'retry');
    return this.send('POST', path, { home: ref.home }, {});
  }

  /**
   * Where an artifact's content can be downloaded from.
   */
  contentUrl(artifactId: string, home: string | null = null): string {
    return this.url(`artifacts/${encodeURIComponent(artifactId)}/content`, {
      home
    });
  }

  /**
   * The stream of changes; `signal` ends it.
   *
   * @param after - Id of the last message that is known.
   */
  async *events(
    after: string | null,
    home: string | null,
    signal: AbortSignal
  ): AsyncGenerator<StreamMessage> {
    const response = await this.fetch('events', { after, home }, { signal });
    if (!response.body) {
      throw new TypeError('The answer of the event stream has no body.');
    }
    for await (const { id, event, data } of serverSentEvents(response.body)) {
      yield { id, event, data: JSON.parse(data) as unknown } as StreamMessage;
    }
  }
}

/**
 * The path of an execution's route; ids and names come from users and are escaped.
 */
export function executionPath(ref: IExecutionRef, ...parts: string[]): string {
  const [first = '', ...rest] = parts;
  return ['executions', ref.execId, first, ...rest]
    .filter(part => part !== '')
    .map(encodeURIComponent)
    .join('/');
}
