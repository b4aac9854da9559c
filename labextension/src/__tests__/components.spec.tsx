import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { Api } from '../api';
import { gapOf } from '../components/gap';
import { InlineExecution } from '../components/InlineExecution';
import type { ExecutionView } from '../documents';
import { ExecutionModel } from '../model';
import { callView, executionView, Server, until, waitView } from './server';

const ONE = 'GET executions/kr-1 of main';
const ANSWER = 'POST executions/kr-1/waits/publish of main';

describe('InlineExecution', () => {
  let server: Server;
  let model: ExecutionModel;

  const draw = (snapshot: ExecutionView) =>
    render(
      <InlineExecution
        snapshot={snapshot}
        model={model}
        trans={nullTranslator.load('kitaru')}
      />
    );

  const seen = async (text: string | RegExp): Promise<void> => {
    await screen.findAllByText(text, undefined, { timeout: 40_000 });
  };

  beforeEach(() => {
    server = new Server();
    model = new ExecutionModel(new Api(server.settings));
  });

  afterEach(() => {
    model.dispose();
  });

  it('shows what the server knows rather than what was saved', async () => {
    server.answers.set(
      ONE,
      executionView({ status: 'completed', position: 9 })
    );
    draw(executionView({ position: 1 }));
    await seen('Completed');
  });

  it('shows what was saved, and says so, where the server knows nothing', async () => {
    draw(executionView({ waits: [waitView()], status: 'waiting' }));
    await seen(/As saved in the notebook/);
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    expect(screen.getByText('Publish it?')).not.toBeNull();
  });

  it('says of a question that it cannot be answered only once the server has said so', async () => {
    draw(executionView({ waits: [waitView()], status: 'waiting' }));
    expect(screen.queryByText(/cannot be answered/)).toBeNull();
    await seen(/cannot be answered/);
  });

  it('keeps a form while the server is away', async () => {
    const waiting = executionView({
      waits: [waitView({ json_schema: { type: 'string' } })],
      status: 'waiting'
    });
    server.answers.set(ONE, waiting);
    draw(waiting);
    const field = await screen.findByRole('textbox', {}, { timeout: 40_000 });
    fireEvent.change(field, { target: { value: 'half a tit' } });
    server.answers.set(ONE, {
      status: 503,
      body: { message: 'The store is away.', reason: 'KitaruBackendError' }
    });
    const shared = model.watch({ execId: 'kr-1', home: 'main' });
    await act(() => shared.refresh());
    shared.dispose();
    await seen('The store is away.');
    expect(screen.getByRole<HTMLInputElement>('textbox').value).toBe(
      'half a tit'
    );
  });

  it('sends an answer once and rests until the question is gone', async () => {
    const waiting = executionView({ waits: [waitView()], status: 'waiting' });
    server.answers.set(ONE, waiting);
    server.answers.set(ANSWER, { exec_id: 'kr-1' });
    draw(waiting);
    await seen('Approve');
    const approve = screen.getByRole<HTMLButtonElement>('button', {
      name: 'Approve'
    });
    fireEvent.click(approve);
    expect(approve.disabled).toBe(true);
    fireEvent.click(approve);
    await until(() => server.bodies.length > 0);
    expect(server.bodies).toEqual([{ value: true }]);
  });

  it('says in place that somebody was faster', async () => {
    const waiting = executionView({ waits: [waitView()], status: 'waiting' });
    server.answers.set(ONE, waiting);
    server.answers.set(ANSWER, {
      status: 409,
      body: { message: 'Ada was faster.', reason: 'KitaruConflictError' }
    });
    draw(waiting);
    await seen('Reject');
    fireEvent.click(screen.getByRole('button', { name: 'Reject' }));
    await seen('Ada was faster.');
    expect(screen.getByRole('alert').textContent).toBe('Ada was faster.');
  });

  it('keeps typed text while the document changes', async () => {
    const wait = waitView({ json_schema: { type: 'string' } });
    const waiting = executionView({ waits: [wait], status: 'waiting' });
    server.answers.set(ONE, waiting);
    const { rerender } = draw(waiting);
    await screen.findByRole('textbox', undefined, { timeout: 40_000 });
    const field = screen.getByRole<HTMLTextAreaElement>('textbox');
    fireEvent.change(field, { target: { value: 'Tea for two' } });
    server.answers.set(
      ONE,
      executionView({
        waits: [{ ...wait }],
        status: 'waiting',
        position: 5,
        rows: [callView({ name: 'follow' })]
      })
    );
    await act(() => model.watch({ execId: 'kr-1', home: 'main' }).refresh());
    rerender(
      <InlineExecution
        snapshot={executionView({ position: 2 })}
        model={model}
        trans={nullTranslator.load('kitaru')}
      />
    );
    await seen('follow');
    expect(screen.getByRole('textbox')).toBe(field);
    expect(field.value).toBe('Tea for two');
  });

  it('leaves a traceback to the cell whose error shows it', async () => {
    const failure = {
      message: 'no tea',
      type: 'ValueError',
      traceback: 'line 3, in draft',
      origin: 'checkpoint'
    };
    const failed = { status: 'failed', position: 9, ended_at: 2 } as const;
    server.answers.set(ONE, executionView({ ...failed, failure }));
    const saved = { ...failure, traceback: '' };
    // The store keeps whole microseconds of the kernel's clock.
    const { unmount } = draw(
      executionView({ ...failed, failure: saved, ended_at: 2.0000004 })
    );
    await act(() => model.watch({ execId: 'kr-1', home: 'main' }).refresh());
    await seen('Failed');
    expect(screen.queryByText('line 3, in draft')).toBeNull();
    unmount();
    draw(executionView({ ...failed, failure: saved, ended_at: 1 }));
    await seen('line 3, in draft');
  });

  it('shows markup of users as the text that it is', async () => {
    const hostile = '<img src=x onerror="window.hit = true">';
    const failure = {
      message: hostile,
      type: hostile,
      traceback: hostile,
      origin: 'checkpoint'
    };
    const { container } = draw(
      executionView({
        flow: hostile,
        failure,
        rows: [callView({ name: hostile, failure, status: 'failed' })]
      })
    );
    await seen(/As saved/);
    expect(container.querySelector('img')).toBeNull();
    expect(container.textContent).toContain(hostile);
  });

  it('asks for the details of a call when it is opened', async () => {
    const call = callView();
    server.answers.set(ONE, executionView({ rows: [call] }));
    server.answers.set('GET executions/kr-1/calls/draft of main', {
      ...call,
      metadata: { model: 'small' },
      explanation: 'It ran: its code changed.',
      attempt_list: [],
      parents: []
    });
    draw(executionView());
    await seen('draft');
    fireEvent.click(screen.getByRole('button', { name: /draft/ }));
    await seen('It ran: its code changed.');
    await seen(/"model": "small"/);
  });
});

describe('gapOf', () => {
  it('finds where rows are left out', () => {
    const rows = [0, 1, 2, 90, 91].map(sequence =>
      callView({ name: `c${sequence}`, sequence })
    );
    expect(gapOf(rows)).toBe(2);
  });
});
