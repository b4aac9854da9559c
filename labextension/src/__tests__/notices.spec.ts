import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';

import { Api } from '../api';
import { Notices } from '../inbox/notices';
import { ExecutionModel } from '../model';
import type { WaitView } from '../documents';
import { Server, until, waitView } from './server';

const WAITS = 'GET waits';

describe('Notices', () => {
  let server: Server;
  let model: ExecutionModel;
  let notices: Notices;

  const told = (): string[] =>
    Notification.manager.notifications.map(({ message }) => message);

  const ask = async (...waits: WaitView[]): Promise<void> => {
    server.answers.set(WAITS, waits);
    const before = server.countOf(WAITS);
    await until(() => server.streams.length > 0);
    server.streams[0]?.send('gap', { home: 'main', problem: null });
    await until(() => server.countOf(WAITS) > before);
    await until(() => model.waits.length === waits.length);
  };

  beforeEach(async () => {
    Notification.dismiss();
    server = new Server();
    server.answers.set(WAITS, [waitView({ name: 'old' })]);
    model = new ExecutionModel(new Api(server.settings));
    await until(() => server.streams.length > 0);
    server.streams[0]?.ready();
    await until(() => model.waitsKnown);
    notices = new Notices(
      model,
      nullTranslator.load('kitaru'),
      () => undefined
    );
  });

  afterEach(() => {
    notices.dispose();
    model.dispose();
  });

  it('say nothing of questions that were open before', async () => {
    await ask(waitView({ name: 'old' }));
    expect(told()).toEqual([]);
  });

  it('tell of a new question once, until it is answered', async () => {
    const old = waitView({ name: 'old' });
    const asked = waitView({ name: 'new', question: 'Now?' });
    await ask(old, asked);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain('Now?');
    await ask(old);
    await until(() => told().length === 0);
  });

  it('are silent if the person wants no notifications', async () => {
    notices.enabled = false;
    await ask(waitView({ name: 'old' }), waitView({ name: 'new' }));
    expect(told()).toEqual([]);
  });
});
