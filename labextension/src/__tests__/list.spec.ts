import { nullTranslator } from '@jupyterlab/translation';

import { Api } from '../api';
import type { ExecutionSummary } from '../documents';
import { ExecutionModel } from '../model';
import { ExecutionList } from '../sidebar/list';
import { days, NO_FILTERS, queryOf } from '../sidebar/query';
import { Server, until } from './server';

const summary = (index: number): ExecutionSummary => ({
  exec_id: `kr-${index}`,
  flow: 'article',
  status: 'completed',
  created_at: 1,
  started_at: 1,
  ended_at: 2,
  notebook: null,
  tags: [],
  deployment_version: null,
  invoked_by: null,
  invoked_via: null,
  waiting_for: [],
  failure: null,
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
  }
});

const trans = nullTranslator.load('kitaru');
const LIST = 'GET executions';

describe('ExecutionList', () => {
  let server: Server;
  let model: ExecutionModel;
  let list: ExecutionList;

  beforeEach(() => {
    server = new Server();
    model = new ExecutionModel(new Api(server.settings));
    list = new ExecutionList(model, trans);
    server.answers.set(LIST, {
      items: [summary(0), summary(1)],
      total: 100_000
    });
  });

  afterEach(() => {
    list.dispose();
    model.dispose();
  });

  it('asks for nothing while nobody looks', () => {
    expect(server.countOf(LIST)).toBe(0);
  });

  it('asks for one page of however many there are', async () => {
    list.visible = true;
    await until(() => list.loaded);
    expect(list.count).toBe(100_000);
    expect(server.countOf(LIST)).toBe(1);
    expect(list.row(0)).toMatchObject({ execution: { exec_id: 'kr-0' } });
    expect(list.row(99_999)).toMatchObject({ execution: undefined });
    expect(list.row(100_000)).toBeNull();
  });

  it('asks for the page that comes into sight, once', async () => {
    list.visible = true;
    await until(() => list.loaded);
    list.sight(70_000, 70_020);
    await until(() => server.countOf(LIST) === 2);
    list.sight(70_001, 70_021);
    await until(() => server.countOf(LIST) === 2);
  });

  it('shows the first execution of a home that had none', async () => {
    server.answers.set(LIST, { items: [], total: 0 });
    list.visible = true;
    await until(() => list.loaded && server.streams.length === 1);
    server.streams[0]?.ready();
    await until(() => model.home === 'main');
    server.answers.set(LIST, { items: [summary(0)], total: 1 });
    server.streams[0]?.change({ home: 'main', kinds: ['execution.created'] });
    await until(() => list.count === 1);
  });

  it('is read though it becomes visible while another look ends', async () => {
    list.choose({ ...NO_FILTERS, flow: 'article', version: '3' }, '');
    list.visible = true;
    await until(() => list.loaded);
  });

  it('says why the server cannot be asked, and is there again afterwards', async () => {
    server.answers.set(LIST, {
      status: 424,
      body: {
        message: 'The store is away.',
        reason: 'KitaruStoreError',
        next: 'Start it.'
      }
    });
    list.visible = true;
    await until(() => list.problem !== null);
    expect(list.problem).toBe('The store is away. → Start it.');
    server.answers.set(LIST, { items: [summary(0)], total: 1 });
    list.choose(NO_FILTERS, '');
    await until(() => list.problem === null);
    expect(list.count).toBe(1);
  });

  it('says that the store went away, though nothing changes any more', async () => {
    list.visible = true;
    await until(() => list.loaded && server.streams.length === 1);
    const [stream] = server.streams;
    stream?.ready();
    await until(() => model.connection === 'live');
    const problem = { message: 'It is away.', reason: 'KitaruBackendError' };
    server.answers.set(LIST, { status: 503, body: problem });
    stream?.send('away', { home: 'main', problem });
    await until(() => list.problem === 'It is away.');
    expect(list.count).toBe(100_000);
    server.answers.set(LIST, { items: [summary(0)], total: 1 });
    stream?.send('gap', { home: 'main', problem: null });
    await until(() => list.problem === null);
    expect(list.count).toBe(1);
  });

  it('has a row for the title of each group, and none below a folded one', async () => {
    server.answers.set('GET statistics', {
      groups: [
        { keys: { flow: 'small' }, count: 2 },
        { keys: { flow: 'large' }, count: 100_000 }
      ],
      truncated: false
    });
    list.visible = true;
    list.choose(NO_FILTERS, 'flow');
    await until(() => list.loaded && list.row(0)?.kind === 'section');
    const first = list.row(0);
    if (first?.kind !== 'section') {
      throw new Error('The first row is no title.');
    }
    expect(first.section.title).toBe('large');
    list.fold(first.section, false);
    expect(list.row(1)).toMatchObject({
      kind: 'section',
      section: { title: 'small' }
    });
  });
});

describe('what is asked for', () => {
  it('is only what was chosen', () => {
    expect(queryOf(NO_FILTERS, 1000)).toEqual({});
    expect(
      queryOf(
        {
          ...NO_FILTERS,
          text: ' a ',
          status: 'failed',
          since: 'hour',
          version: '3'
        },
        5000
      )
    ).toEqual({ text: 'a', status: 'failed', since: 1400, version: 3 });
  });

  it('leaves no time out between the days', () => {
    const parts = days(trans, Date.UTC(2026, 3, 5, 12) / 1000);
    parts.slice(1).forEach(({ query }, index) => {
      if (index > 0) {
        expect(query.until).toBe(parts[index]?.query.since);
      }
    });
    expect(parts[parts.length - 1]?.query.since).toBe(0);
  });
});
