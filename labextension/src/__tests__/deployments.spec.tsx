import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { Api, type IExecutionRef } from '../api';
import { Environment } from '../components/context';
import { invokerText } from '../components/format';
import {
  changedOf,
  exampleOf,
  inputsOf,
  parametersOf
} from '../deployments/inputs';
import { InvokeForm } from '../deployments/InvokeForm';
import { Deployments } from '../deployments/list';
import { fenced } from '../deployments/Script';
import { consequenceOf, holding } from '../deployments/tags';
import { asCli, asCurl, asPython } from '../deployments/texts';
import { targetsOf, whenOf, type IFilled } from '../deployments/times';
import type {
  DeploymentSummary,
  DeploymentView,
  ScheduleView
} from '../documents';
import { ExecutionModel } from '../model';
import { Server, until } from './server';

const trans = nullTranslator.load('kitaru');

/** Milliseconds that a machine may take that has much else to do. */
const PATIENCE = 30_000;

jest.setTimeout(4 * PATIENCE);

// The form comes with the first one that is drawn, which takes long here.
beforeAll(() => import('../components/SchemaForm'));

const SCHEMA = {
  type: 'object',
  properties: {
    topic: { type: 'string', title: 'Topic' },
    words: { type: 'integer', title: 'Words', default: 2, minimum: 1 },
    limits: { type: 'object', title: 'Limits', default: { depth: 1 } },
    tone: { title: 'Tone', default: 'warm' }
  },
  required: ['topic'],
  additionalProperties: false
};

function summary(
  version: number,
  tags: Record<string, boolean> = {}
): DeploymentSummary {
  return {
    flow: 'article',
    version,
    tags,
    about: null,
    created_at: 100,
    created_by: 'ada',
    source: 'notes/tea.ipynb'
  };
}

function view(changes: Partial<DeploymentView> = {}): DeploymentView {
  return {
    ...summary(3),
    json_schema: SCHEMA,
    script: 'x = 1',
    script_note: null,
    requirements: [],
    notes: [],
    commit_sha: null,
    commit_dirty: null,
    python: '3.12',
    kitaru: '1.0',
    stack: 'local',
    snapshot_id: 's',
    invoke_url: 'http://127.0.0.1:1/deployments/article/invoke',
    token: '$(kitaru service token)',
    ...changes
  };
}

function schedule(changes: Partial<ScheduleView> = {}): ScheduleView {
  return {
    name: 'nightly',
    flow: 'article',
    version: null,
    tag: 'stable',
    inputs: {},
    cron: '0 3 * * *',
    every: null,
    timezone: 'UTC',
    in_words: 'At 03:00 every day',
    missed: 'latest',
    paused: false,
    last_due: null,
    last_exec_id: null,
    last_error: null,
    next_runs: [],
    ...changes
  };
}

describe('what a version is invoked by elsewhere', () => {
  const inputs = { topic: "Ada's tea", strict: true, none: null, all: [1.5] };

  it('is its number where no tag names it alone', () => {
    const shared = view({ tags: { canary: false } });
    expect(asCurl(shared, {})).toContain('/invoke?version=3');
    expect(asPython(shared, {})).toContain('"article", version=3, inputs={}');
    expect(asCli(shared, {})).toBe('kitaru invoke article --version 3');
  });

  it('is a tag that it has alone, rather than that of all flows', () => {
    const tagged = view({ tags: { default: true, stable: true } });
    expect(asCurl(tagged, {})).toContain('/invoke?tag=stable');
    expect(asPython(tagged, {})).toContain('tag="stable"');
    expect(asCli(view({ tags: { default: true } }), {})).toBe(
      'kitaru invoke article --tag default'
    );
  });

  it('is quoted for the shell, and in Python written as Python does', () => {
    expect(asCli(view(), inputs)).toContain(
      `--inputs '{"topic":"Ada'"'"'s tea","strict":true,"none":null,"all":[1.5]}'`
    );
    expect(asPython(view(), inputs)).toContain(
      `inputs={"topic": "Ada's tea", "strict": True, "none": None, "all": [1.5]}`
    );
  });

  it('never holds the token', () => {
    expect(asCurl(view(), {})).toContain('Bearer $(kitaru service token)"');
  });
});

describe('who invoked an execution', () => {
  const told = (by: string | null, via: string | null): string | null =>
    invokerText({ invoked_by: by, invoked_via: via }, trans);

  it('is a person with the way, a schedule, or HTTP', () => {
    expect(told('ada', 'cli')).toBe('ada, on the command line');
    expect(told('nightly', 'schedule')).toBe('schedule nightly');
    expect(told(null, 'http')).toBe('HTTP');
    expect(told(null, null)).toBeNull();
  });
});

describe('when a schedule is due', () => {
  const filled: IFilled = {
    kind: 'cron',
    cron: ' 0  9 * * 1-5',
    timezone: 'Europe/Berlin',
    count: '1.5',
    unit: 'hours'
  };

  it('is sent as soon as nothing is missing', () => {
    const cron = { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' };
    expect(whenOf(filled)).toEqual(cron);
    expect(whenOf({ ...filled, cron: '0 9 *' })).toBeNull();
    expect(whenOf({ ...filled, kind: 'every' })).toEqual({ every: 5400 });
    for (const count of ['', '0', '-1', 'x']) {
      expect(whenOf({ ...filled, kind: 'every', count })).toBeNull();
    }
  });

  it('follows a tag that one version has alone, or stays with the version', () => {
    const versions = [
      summary(3, { canary: false }),
      summary(2, { stable: true, default: true })
    ];
    const targets = targetsOf(3, versions, trans);
    expect(targets.map(({ tag }) => tag)).toEqual(['default', 'stable', null]);
  });
});

describe('parameters', () => {
  it('that no form can draw, or without a type, are typed as text', () => {
    const { schema, typed } = parametersOf(SCHEMA, trans);
    expect([...typed]).toEqual([
      ['limits', 'json'],
      ['tone', 'any']
    ]);
    expect(schema.properties).toMatchObject({
      limits: { type: 'string', default: '{"depth":1}' },
      tone: { type: 'string', default: 'warm' },
      words: { type: 'integer', default: 2 }
    });
  });

  it('are sent as what was meant', () => {
    const parameters = parametersOf(SCHEMA, trans);
    const filled = { topic: '42', limits: '{"depth": 2}', tone: '[1]' };
    expect(inputsOf(filled, parameters)).toEqual({
      inputs: { topic: '42', limits: { depth: 2 }, tone: [1] },
      wrong: []
    });
    const { inputs, wrong } = inputsOf(
      { limits: '{', tone: 'warm' },
      parameters
    );
    expect(inputs.tone).toBe('warm');
    expect(wrong.map(({ place }) => place)).toEqual(['limits']);
  });

  it('of a schedule are those that differ from the defaults', () => {
    const filled = { topic: 'tea', words: 2, limits: { depth: 1 }, tone: null };
    expect(changedOf(filled, SCHEMA)).toEqual({ topic: 'tea', tone: null });
  });

  it('have examples: their defaults, or something of their type', () => {
    expect(exampleOf(SCHEMA)).toEqual({
      topic: '...',
      words: 2,
      limits: { depth: 1 },
      tone: 'warm'
    });
  });
});

describe('a tag', () => {
  const versions = [
    summary(3, { canary: false }),
    summary(2, { canary: false }),
    summary(1, { default: true, stable: true })
  ];
  const told = (tag: string, exclusive: boolean, version = 3): string => {
    const tagging = { tag, exclusive };
    const schedules = [schedule(), schedule({ name: 'x', tag: 'canary' })];
    const { text, isPossible } = consequenceOf(
      tagging,
      version,
      versions,
      schedules,
      trans
    );
    return `${isPossible ? 'fine' : 'no'}: ${text}`;
  };

  it('that moves says from where, and which schedules follow', () => {
    expect(told('stable', true)).toBe(
      'fine: stable moves from version 1 to version 3. From then on, who invokes stable runs version 3. The schedule nightly follows it.'
    );
    expect(told('default', false)).toMatch(/^fine: default moves from/);
  });

  it('that is new says who gets it', () => {
    expect(told('beta', true)).toMatch(/^fine: Version 3 gets beta\./);
    expect(told('canary', false, 1)).toMatch(/as well as 3, 2/);
  });

  it('that another version has alone is not shared', () => {
    expect(told('stable', false)).toMatch(/^no: Version 1 has stable alone/);
  });

  it('is no blank, nothing reserved, and nothing that is there', () => {
    for (const tag of ['', 'two words', 'kitaru:x']) {
      expect(told(tag, true)).toMatch(/^no: /);
    }
    expect(told('stable', true, 1)).toBe('no: Version 1 has this tag.');
  });

  it('keeps its version from being deleted if it is exclusive', () => {
    expect(holding({ default: true, canary: false })).toEqual(['default']);
  });
});

describe('a script', () => {
  it('is a block of Markdown, whatever is in it', () => {
    expect(fenced('"""```\nno\n```"""')).toBe(
      '````python\n"""```\nno\n```"""\n````'
    );
  });
});

describe('Deployments', () => {
  let server: Server;
  let model: ExecutionModel;
  let list: Deployments;

  beforeEach(() => {
    server = new Server();
    model = new ExecutionModel(new Api(server.settings));
    list = new Deployments(model);
    server.answers.set('GET deployments', [summary(2), summary(1)]);
    server.answers.set('GET schedules', []);
  });

  afterEach(() => {
    list.dispose();
    model.dispose();
  });

  it('are read once somebody looks, and again when they change', async () => {
    expect(server.countOf('GET deployments')).toBe(0);
    list.visible = true;
    await until(() => list.loaded && server.streams.length === 1);
    expect(list.flows).toMatchObject([{ flow: 'article' }]);
    server.streams[0]?.ready();
    await until(() => model.home === 'main');
    const before = server.countOf('GET deployments');
    server.answers.set('GET deployments', [summary(3), summary(2)]);
    server.streams[0]?.change({
      home: 'main',
      exec_id: '',
      kinds: ['deployment.created']
    });
    await until(() => list.versions[0]?.version === 3);
    server.streams[0]?.change({ home: 'main', kinds: ['call.completed'] });
    await until(() => server.countOf('GET deployments') > before);
  });

  it('are those of the home that is chosen', async () => {
    server.answers.set('GET deployments of other', [summary(9)]);
    server.answers.set('GET schedules of other', [schedule()]);
    list.visible = true;
    await until(() => list.loaded);
    list.home = 'other';
    expect(list.versions).toEqual([]);
    await until(() => list.versions[0]?.version === 9);
    expect(list.schedules).toHaveLength(1);
  });

  it('say why they cannot be read', async () => {
    server.answers.set('GET deployments', {
      status: 424,
      body: { message: 'It is away.', reason: 'KitaruBackendError' }
    });
    list.visible = true;
    await until(() => list.problem === 'It is away.');
  });
});

describe('InvokeForm', () => {
  const INVOKE = 'POST deployments/article/3/invoke';
  let server: Server;
  let model: ExecutionModel;
  let opened: IExecutionRef[];

  beforeEach(() => {
    server = new Server();
    model = new ExecutionModel(new Api(server.settings));
    opened = [];
  });

  afterEach(() => {
    model.dispose();
  });

  const draw = async (schema: object = SCHEMA): Promise<void> => {
    const open = (ref: IExecutionRef): void => {
      opened.push(ref);
    };
    render(
      <Environment.Provider value={{ trans, model, live: null, open }}>
        <InvokeForm
          view={view({ json_schema: schema as Record<string, unknown> })}
          target={{ flow: 'article', version: 3, home: null }}
        />
      </Environment.Provider>
    );
    await screen.findByRole(
      'button',
      { name: 'Invoke' },
      { timeout: PATIENCE }
    );
  };
  const press = (): void => {
    fireEvent.click(screen.getByRole('button', { name: 'Invoke' }));
  };
  const fill = (label: RegExp, text: string): void => {
    fireEvent.change(screen.getByLabelText(label), {
      target: { value: text }
    });
  };

  it('sends what is filled in once, however often one presses, and opens the execution', async () => {
    server.answers.set(INVOKE, { exec_id: 'kr-9' });
    await draw();
    fill(/Topic/, 'Tea');
    press();
    press();
    await until(() => opened.length > 0);
    expect(opened).toEqual([{ execId: 'kr-9', home: null }]);
    expect(server.bodies).toMatchObject([
      {
        inputs: { topic: 'Tea', words: 2, limits: { depth: 1 }, tone: 'warm' }
      }
    ]);
  });

  it('asks with the same key when an answer was lost, and with another for other inputs', async () => {
    const lost = { message: 'lost', reason: 'Bad Gateway' };
    server.answers.set(INVOKE, { status: 502, body: lost });
    await draw();
    fill(/Topic/, 'Tea');
    press();
    await screen.findByText('lost', undefined, { timeout: PATIENCE });
    press();
    await until(() => server.bodies.length === 2);
    await screen.findByText('lost', undefined, { timeout: PATIENCE });
    fill(/Topic/, 'Coffee');
    press();
    await until(() => server.bodies.length === 3);
    const [first, second, third] = server.bodies.map(
      body => (body as { idempotency_key: string }).idempotency_key
    );
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('says at the fields what does not fit, and sends none of it', async () => {
    await draw();
    press();
    expect(screen.getByRole('alert').textContent).toBe('Needed');
    fill(/Topic/, 'Tea');
    fill(/Limits/, '{');
    press();
    expect(screen.getByRole('alert').textContent).toMatch(/JSON/);
    expect(server.bodies).toEqual([]);
  });

  it('says at the fields what the server finds wrong', async () => {
    const places = [{ place: 'limits.depth', message: 'too deep' }];
    const body = { message: 'no', reason: 'KitaruUsageError', places };
    server.answers.set(INVOKE, { status: 422, body });
    await draw();
    fill(/Topic/, 'Tea');
    press();
    await screen.findByText('too deep', undefined, { timeout: PATIENCE });
    expect(screen.queryByText('no')).toBeNull();
  });

  it('needs no fields where there are no parameters', async () => {
    server.answers.set(INVOKE, { exec_id: 'kr-9' });
    await draw({ type: 'object', properties: {}, additionalProperties: false });
    press();
    await until(() => opened.length > 0);
    expect(server.bodies).toMatchObject([{ inputs: {} }]);
  });
});
