import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import type {
  CallDetail,
  CallPage,
  CallsQuery,
  Change,
  ExecutionPage,
  ExecutionsQuery,
  ExecutionView,
  Failure,
  LogLine,
  LogsQuery,
  StatusView,
  StreamState,
  WaitView
} from './documents';

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

/** Body of every answer that is no success. */
export type IFailure = Readonly<Failure>;

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

type Query = Record<string, string | number | boolean | undefined | null>;

/**
 * The server refused, and said why.
 */
export class ApiError extends ServerConnection.ResponseError {
  constructor(
    response: Response,
    readonly failure: IFailure
  ) {
    super(response, failure.message);
    this.name = 'ApiError';
  }

  get status(): number {
    return this.response.status;
  }

  static async from(response: Response): Promise<ApiError> {
    const body = parse(await response.text());
    const told = typeof body === 'object' && body !== null ? body : {};
    return new ApiError(response, {
      message: `${response.status} ${response.statusText}`,
      reason: response.statusText,
      ...told
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy between the browser and the server answers with a page.
    return null;
  }
}

/**
 * The routes of the server extension, one method each.
 */
export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

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

  /**
   * Ask a route that has no method of its own here.
   */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    const response = await this.fetch(path, query);
    return (await response.json()) as T;
  }

  /**
   * The same for what is no JSON.
   */
  async bytes(path: string, query: Query = {}): Promise<ArrayBuffer> {
    return (await this.fetch(path, query)).arrayBuffer();
  }

  /**
   * Change something by a route that has no method of its own here.
   */
  async send<T>(
    method: 'POST' | 'DELETE',
    path: string,
    query: Query = {},
    body?: PartialJSONObject
  ): Promise<T> {
    const init = body ? { method, body: JSON.stringify(body) } : { method };
    const response = await this.fetch(path, query, init);
    const text = await response.text();
    return (text ? JSON.parse(text) : null) as T;
  }

  private async fetch(
    path: string,
    query: Query,
    init: RequestInit = {}
  ): Promise<Response> {
    const response = await ServerConnection.makeRequest(
      this.url(path, query),
      init,
      this.settings
    );
    if (!response.ok) {
      throw await ApiError.from(response);
    }
    return response;
  }

  private url(path: string, query: Query): string {
    const url = URLExt.join(this.settings.baseUrl, 'kitaru/api', path);
    const given = Object.entries(query).filter(
      ([, value]) => value !== undefined && value !== null && value !== ''
    );
    const text = new URLSearchParams(
      given.map(([name, value]) => [name, String(value)])
    ).toString();
    return text ? `${url}?${text}` : url;
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

/**
 * A server-sent event as it is written.
 */
export interface IServerSentEvent {
  id: string;
  event: string;
  data: string;
}

/**
 * Server-sent events as they arrive, in whatever pieces.
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>
): AsyncGenerator<IServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const blocks = (rest + decoder.decode(value, { stream: true })).split(
        '\n\n'
      );
      rest = blocks.pop() ?? '';
      for (const event of blocks.map(readEvent)) {
        // What has no data is a comment, which only keeps the connection open.
        if (event.data !== '') {
          yield event;
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function readEvent(block: string): IServerSentEvent {
  const found = { id: '', event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name && value !== undefined) {
      found[name as keyof typeof found] = value;
    }
  }
  return found;
}
