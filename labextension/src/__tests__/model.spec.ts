import { Api } from '../api';
import { ExecutionModel } from '../model';
import { executionView, Server, until, waitView, type Stream } from './server';

const ONE = 'GET executions/kr-1 of main';

describe('ExecutionModel', () => {
  let server: Server;
  let model: ExecutionModel;

  const stream = async (count = 1): Promise<Stream> => {
    await until(() => server.streams.length >= count);
    return server.streams[count - 1] as Stream;
  };

  const hide = (hidden: boolean): void => {
    Object.defineProperty(document, 'hidden', {
      configurable: true,
      value: hidden
    });
    document.dispatchEvent(new Event('visibilitychange'));
  };

  beforeEach(() => {
    server = new Server();
    server.answers.set(ONE, executionView());
    model = new ExecutionModel(new Api(server.settings));
  });

  afterEach(() => {
    model.dispose();
    hide(false);
  });

  it('has one stream however many views there are', async () => {
    (await stream()).ready();
    const shares = [1, 2, 3].map(() =>
      model.watch({ execId: 'kr-1', home: 'main' })
    );
    await until(() => shares.every(share => share.view !== null));
    expect(server.streams).toHaveLength(1);
    expect(server.countOf(ONE)).toBe(1);
  });

  it('asks again for what changed, and only for that', async () => {
    server.answers.set('GET executions/kr-2 of main', executionView());
    (await stream()).ready();
    await until(() => model.home === 'main');
    const changed = model.watch({ execId: 'kr-1', home: 'main' });
    const other = model.watch({ execId: 'kr-2', home: 'main' });
    await until(() => changed.view !== null && other.view !== null);
    const before = server.countOf('GET executions/kr-2 of main');
    server.answers.set(
      ONE,
      executionView({ status: 'completed', position: 9 })
    );
    (await stream()).change({ position: 9 });
    await until(() => changed.view?.status === 'completed');
    expect(server.countOf('GET executions/kr-2 of main')).toBe(before);
  });

  it('asks a few times a second at most while much happens', async () => {
    const watched = model.watch({ execId: 'kr-1', home: 'main' });
    (await stream()).ready();
    await until(() => watched.view !== null);
    const began = performance.now();
    for (let position = 2; position < 52; position++) {
      server.answers.set(ONE, executionView({ position }));
      (await stream()).change({ position });
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    await until(() => watched.view?.position === 51);
    const passed = (performance.now() - began) / 1000;
    expect(server.countOf(ONE)).toBeLessThan(4 * passed + 4);
  });

  it('never goes back to an older document', async () => {
    server.answers.set(ONE, executionView({ position: 5, flow: 'newer' }));
    const watched = model.watch({ execId: 'kr-1', home: 'main' });
    await until(() => watched.view !== null);
    server.answers.set(ONE, executionView({ position: 4, flow: 'older' }));
    await watched.refresh();
    expect(watched.view?.flow).toBe('newer');
  });

  it('tells an unknown execution from a server that cannot be reached', async () => {
    server.answers.set('GET executions/kr-broken of main', {
      status: 503,
      body: { message: 'The store is away.', reason: 'KitaruBackendError' }
    });
    const unknown = model.watch({ execId: 'kr-none', home: 'main' });
    const broken = model.watch({ execId: 'kr-broken', home: 'main' });
    await until(
      () => unknown.knowledge !== 'loading' && broken.knowledge !== 'loading'
    );
    expect([unknown.knowledge, broken.knowledge]).toEqual([
      'unknown',
      'unreachable'
    ]);
    expect(broken.problem).toBe('The store is away.');
  });

  it('reconnects after the last message that it knows, and reads anew after a gap', async () => {
    const watched = model.watch({ execId: 'kr-1', home: 'main' });
    const first = await stream();
    first.ready();
    await until(() => watched.view !== null && model.connection === 'live');
    first.break();
    await until(() => model.connection === 'lost');
    const second = await stream(2);
    expect(second.after).toBe('x-1');
    server.answers.set(ONE, executionView({ position: 7 }));
    second.send('gap', { home: 'main', problem: null });
    await until(() => watched.view?.position === 7);
    expect(model.connection).toBe('live');
  });

  it('says why the store cannot be read', async () => {
    (await stream()).send('away', {
      home: 'main',
      problem: { message: 'held by process 7', reason: 'KitaruStoreBusyError' }
    });
    await until(() => model.problem !== null);
    expect(model.problem?.message).toBe('held by process 7');
  });

  it('lets what is looked at say that the store is away, and is back', async () => {
    const watched = model.watch({ execId: 'kr-1', home: 'main' });
    const first = await stream();
    first.ready();
    await until(() => watched.knowledge === 'known');
    const problem = { message: 'It is away.', reason: 'KitaruBackendError' };
    server.answers.set(ONE, { status: 503, body: problem });
    first.send('away', { home: 'main', problem });
    await until(() => watched.knowledge === 'unreachable');
    expect(watched.view?.exec_id).toBe('kr-1');
    server.answers.set(ONE, executionView({ position: 8 }));
    first.send('gap', { home: 'main', problem: null });
    await until(() => watched.view?.position === 8);
    expect(watched.knowledge).toBe('known');
  });

  it('tells a change after a rest at once, and what follows together', async () => {
    const first = await stream();
    first.ready();
    await until(() => model.connection === 'live');
    const batches: number[] = [];
    model.changed.connect((_, batch) => {
      batches.push(batch.length);
    });
    first.change({ position: 2 });
    await until(() => batches.length === 1);
    for (const position of [3, 4, 5]) {
      first.change({ position });
    }
    await until(() => batches.length === 2);
    expect(batches).toEqual([1, 3]);
  });

  it('rests while the page is hidden', async () => {
    const first = await stream();
    first.ready();
    await until(() => model.connection === 'live');
    hide(true);
    await until(() => model.connection === 'paused');
    expect(first.closed).toBe(true);
    hide(false);
    (await stream(2)).ready();
    await until(() => model.connection === 'live');
  });

  it('keeps the list of open questions', async () => {
    server.answers.set('GET waits', [waitView()]);
    const first = await stream();
    first.ready();
    await until(() => model.waits.length === 1);
    server.answers.set('GET waits', []);
    first.change({ kinds: ['wait.answered'] });
    await until(() => model.waits.length === 0);
  });

  it('follows another home only while somebody looks at an execution of it', async () => {
    server.answers.set('GET executions/kr-9 of far', executionView());
    (await stream()).ready();
    await until(() => model.home === 'main');
    const watched = model.watch({ execId: 'kr-9', home: 'far' });
    const second = await stream(2);
    expect(second.home).toBe('far');
    second.ready('far');
    await until(() => watched.view !== null);
    watched.dispose();
    await until(() => second.closed);
    expect(server.streams[0]?.closed).toBe(false);
  });

  it('forgets an execution that nobody looks at any more', async () => {
    const watched = model.watch({ execId: 'kr-1', home: 'main' });
    const first = await stream();
    first.ready();
    await until(() => watched.view !== null);
    watched.dispose();
    const before = server.countOf(ONE);
    const told = new Promise<void>(resolve => {
      model.changed.connect(() => {
        resolve();
      });
    });
    first.change({ position: 3 });
    await told;
    expect(server.countOf(ONE)).toBe(before);
  });
});
