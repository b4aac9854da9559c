import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import type {
  CallView,
  ExecutionSummary,
  ExecutionView,
  LogLine,
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
 * One thing that happened, as the server pushes it.
 */
export interface IChange {
  readonly exec_id: string;
  readonly flow: string | null;
  /** Name of an event of kitaru/store/events.py. */
  readonly kind: string;
  readonly call: string | null;
  readonly status: ExecutionView['status'] | null;
  readonly position: number;
  readonly text?: string | null;
}

export interface IPage<T> {
  readonly items: T[];
  readonly total: number;
}

export interface IStatus {
  /** Id of the home that answers. */
  readonly home: string;
  readonly location: string;
  readonly version: string;
  /** How many questions are open. */
  readonly waiting: number;
  readonly homes: { readonly id: string; readonly location: string }[];
}

export interface IExecutionsQuery {
  flow?: string;
  status?: string;
  notebook?: string;
  text?: string;
  /** Seconds since the epoch. */
  since?: number;
  until?: number;
  order?: string;
  limit?: number;
  offset?: number;
}

export interface ICallsQuery {
  checkpoint?: string;
  status?: string;
  offset?: number;
  limit?: number;
}

export interface ILogsQuery {
  call?: string;
  limit?: number;
  /** The last lines instead of the first. */
  tail?: boolean;
}

type Query = Record<string, string | number | boolean | undefined | null>;

/**
 * The server refused, and said why.
 */
export class ApiError extends ServerConnection.ResponseError {
  constructor(
    response: Response,
    message: string,
    readonly reason: string | null,
    /** What to do next, if the server knows. */
    readonly next: string | null
  ) {
    super(response, message);
    this.name = 'ApiError';
  }

  get status(): number {
    return this.response.status;
  }

  static async from(response: Response): Promise<ApiError> {
    const body = parse(await response.text());
    const said = (field: string): string | null => {
      const value =
        typeof body === 'object' && body !== null
          ? (body as Record<string, unknown>)[field]
          : null;
      return typeof value === 'string' && value ? value : null;
    };
    return new ApiError(
      response,
      said('message') ?? `${response.status} ${response.statusText}`,
      said('reason'),
      said('next')
    );
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
  ): Promise<IPage<ExecutionSummary>> {
    return this.get('executions', { ...query, home });
  }

  execution(ref: IExecutionRef): Promise<ExecutionView> {
    return this.get(executionPath(ref), { home: ref.home });
  }

  calls(ref: IExecutionRef, query: ICallsQuery = {}): Promise<IPage<CallView>> {
    return this.get(executionPath(ref, 'calls'), { ...query, home: ref.home });
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
   */
  async *events(
    after: number | null,
    home: string | null,
    signal: AbortSignal
  ): AsyncGenerator<IChange | 'open'> {
    const response = await this.fetch('events', { after, home }, { signal });
    if (!response.body) {
      throw new TypeError('The answer of the event stream has no body.');
    }
    yield 'open';
    for await (const data of eventData(response.body)) {
      yield JSON.parse(data) as IChange;
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
 * The data of server-sent events, as they arrive.
 */
export async function* eventData(
  body: ReadableStream<Uint8Array>
): AsyncGenerator<string> {
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
      for (const block of blocks) {
        const data = block
          .split('\n')
          .filter(line => line.startsWith('data:'))
          .map(line => line.slice(5).trimStart());
        if (data.length > 0) {
          yield data.join('\n');
        }
      }
    }
  } finally {
    await reader.cancel();
  }
}
