import { ServerConnection } from '@jupyterlab/services';

import type { IChange } from '../api';
import type { CallView, ExecutionView, WaitView } from '../documents';

type Answer = object | { status: number; body: object };

/**
 * A server in memory: what it answers by path, what was asked, and streams that tests write to.
 */
export class Server {
  readonly asked: string[] = [];
  readonly bodies: unknown[] = [];
  readonly answers = new Map<string, Answer>([['GET waits', []]]);
  readonly streams: Stream[] = [];
  /** Whether streams can be opened. */
  up = true;

  readonly settings = ServerConnection.makeSettings({
    baseUrl: 'http://server/',
    token: '',
    fetch: request => this.respond(request as Request)
  });

  countOf(question: string): number {
    return this.asked.filter(each => each === question).length;
  }

  private async respond(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname.replace('/kitaru/api/', ''));
    const home = url.searchParams.get('home');
    const question = `${request.method} ${path}${home ? ` of ${home}` : ''}`;
    this.asked.push(question);
    if (path === 'events') {
      return this.openStream(home, url.searchParams.get('after'), request);
    }
    if (request.method === 'POST') {
      this.bodies.push(JSON.parse(await request.text()));
    }
    const answer = this.answers.get(question) ?? {
      status: 404,
      body: { message: `There is no ${path}.`, reason: 'KitaruNotFoundError' }
    };
    return 'body' in answer && 'status' in answer
      ? json(answer.body, answer.status)
      : json(answer, 200);
  }

  private openStream(
    home: string | null,
    after: string | null,
    request: Request
  ): Response {
    if (!this.up) {
      return json({ message: 'away', reason: 'Bad Gateway' }, 502);
    }
    const stream = new Stream(home, after);
    request.signal.addEventListener('abort', () => {
      stream.break();
    });
    this.streams.push(stream);
    return { ok: true, body: stream.body } as unknown as Response;
  }
}

function json(body: object, status: number): Response {
  return new Response(JSON.stringify(body), { status });
}

export class Stream {
  constructor(
    readonly home: string | null,
    readonly after: string | null
  ) {
    this.body = new ReadableStream({
      start: controller => {
        this._controller = controller;
      },
      cancel: () => {
        this.closed = true;
      }
    });
  }

  readonly body: ReadableStream<Uint8Array>;
  closed = false;

  send(event: string, data: object): void {
    const id = `x-${++this._count}`;
    const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this._controller?.enqueue(new TextEncoder().encode(text));
  }

  ready(home = 'main'): void {
    this.send('ready', { home, problem: null });
  }

  change(changes: Partial<IChange>): void {
    this.send('change', {
      exec_id: 'kr-1',
      kinds: ['call.completed'],
      position: 1,
      ...changes
    });
  }

  end(): void {
    if (!this.closed) {
      this.closed = true;
      this._controller?.close();
    }
  }

  break(): void {
    if (!this.closed) {
      this.closed = true;
      this._controller?.error(new Error('the connection broke'));
    }
  }

  private _count = 0;
  private _controller: ReadableStreamDefaultController<Uint8Array> | undefined;
}

/**
 * Wait until something holds.
 */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 40_000;
  while (!holds()) {
    if (Date.now() > end) {
      throw new Error(`It never came: ${holds.toString()}`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

export function callView(changes: Partial<CallView> = {}): CallView {
  return {
    kind: 'call',
    name: 'draft',
    checkpoint: 'draft',
    type: null,
    status: 'completed',
    sequence: 0,
    attempts: 1,
    started_at: 100,
    ended_at: 101,
    duration: 1,
    reused: null,
    why: null,
    concurrent: false,
    tokens: null,
    cost: null,
    inputs: {},
    output: {
      text: "'tea'",
      type: 'str',
      size: 5,
      preview: {},
      artifact_id: null
    },
    failure: null,
    progress: null,
    stream: null,
    ...changes
  };
}

export function waitView(changes: Partial<WaitView> = {}): WaitView {
  return {
    kind: 'wait',
    exec_id: 'kr-1',
    flow: 'article',
    name: 'publish',
    status: 'pending',
    question: 'Publish it?',
    json_schema: { type: 'boolean' },
    asked_at: 100,
    deadline: null,
    default: null,
    sequence: 1,
    answer: null,
    answered_by: null,
    ended_at: null,
    ...changes
  };
}

export function executionView(
  changes: Partial<ExecutionView> = {}
): ExecutionView {
  return {
    version: 1,
    home: 'main',
    exec_id: 'kr-1',
    flow: 'article',
    status: 'running',
    reason: null,
    created_at: 100,
    started_at: 100,
    ended_at: null,
    at: 105,
    position: 1,
    notebook: null,
    stack: null,
    snapshot_id: null,
    tags: [],
    deployment_version: null,
    invoked_by: null,
    invoked_via: null,
    original_exec_id: null,
    parent_exec_id: null,
    totals: {
      calls: 0,
      completed: 0,
      running: 0,
      failed: 0,
      reused: 0,
      tokens: null,
      cost: null
    },
    inputs: {},
    output: null,
    failure: null,
    failed_call: null,
    waits: [],
    rows: [],
    hidden: 0,
    logs: [],
    ...changes
  };
}
