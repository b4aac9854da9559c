import { ServerConnection } from '@jupyterlab/services';

import { Api, ApiError, executionPath } from '../api';
import { serverSentEvents } from '../serverSentEvents';

const settings = (answer: () => Response, seen: string[] = []) =>
  ServerConnection.makeSettings({
    baseUrl: 'http://server/base/',
    token: '',
    fetch: request => {
      const { method, url } = request as Request;
      // JupyterLab adds the time against caches.
      seen.push(`${method} ${url.replace(/[?&]\d+$/, '')}`);
      return Promise.resolve(answer());
    }
  });

const stream = (...chunks: string[]): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      chunks.forEach(chunk => {
        controller.enqueue(encoder.encode(chunk));
      });
      controller.close();
    }
  });
};

const all = async (body: ReadableStream<Uint8Array>): Promise<string[]> => {
  const found: string[] = [];
  for await (const { id, event, data } of serverSentEvents(body)) {
    found.push([id, event, data].join('|'));
  }
  return found;
};

describe('Api', () => {
  it('asks below the base address and names the home only if there is one', async () => {
    const seen: string[] = [];
    const api = new Api(
      settings(() => new Response('{"items": [], "total": 0}'), seen)
    );
    await api.executions({ flow: 'a & b', limit: 5 });
    await api.execution({ execId: 'kr-1', home: 'h' });
    expect(seen).toEqual([
      'GET http://server/base/kitaru/api/executions?flow=a+%26+b&limit=5',
      'GET http://server/base/kitaru/api/executions/kr-1?home=h'
    ]);
  });

  it('tells what the server refused in the words of the server', async () => {
    const body = JSON.stringify({
      message: 'Answered already.',
      reason: 'conflict',
      next: 'Look again.'
    });
    const api = new Api(settings(() => new Response(body, { status: 409 })));
    const refused = api.answer({ execId: 'kr-1', home: null }, 'ok', true);
    await expect(refused).rejects.toMatchObject({
      status: 409,
      message: 'Answered already.',
      failure: { reason: 'conflict', next: 'Look again.' }
    });
  });

  it('says the status when something else than the extension answers', async () => {
    const api = new Api(
      settings(
        () => new Response('<html>', { status: 502, statusText: 'Bad Gateway' })
      )
    );
    await expect(api.waits()).rejects.toThrow(ApiError);
    await expect(api.waits()).rejects.toThrow('502 Bad Gateway');
  });
});

describe('executionPath', () => {
  it('escapes what could change the path', () => {
    expect(executionPath({ execId: '../x', home: null }, 'waits', 'a/b?')).toBe(
      'executions/..%2Fx/waits/a%2Fb%3F'
    );
  });
});

describe('serverSentEvents', () => {
  it('puts events together that arrive in pieces', async () => {
    const body = stream(
      'id: x-1\nevent: cha',
      'nge\ndata: {"a"',
      ': 1}\n',
      '\ndata: 2\n\n'
    );
    expect(await all(body)).toEqual(['x-1|change|{"a": 1}', '|message|2']);
  });

  it('leaves out comments, which only keep the connection open', async () => {
    expect(
      await all(stream(': still here\n\n', 'event: x\ndata: 1\n\n'))
    ).toEqual(['|x|1']);
  });
});
